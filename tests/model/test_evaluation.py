"""Evaluations beyond words: segments after their sources, layers, benchmarks."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from pivotmine.errors import ConfigError, InputError
from pivotmine.model.losses.pairs import Pair, read_pairs

ROWS = [
    ("en", "the cat", "fr", "le chat"),
    ("fr", "le chien", "en", "the dog"),
    ("en", "the sun", "ja", "太陽"),
    ("en", "the moon", "fr", "la lune"),
]


def write_pairs(path: Path) -> Path:
    names = ("lang_a", "text_a", "lang_b", "text_b")
    lines = (orjson.dumps(dict(zip(names, row, strict=True))) for row in ROWS)
    path.write_bytes(b"\n".join(lines))
    return path


def test_a_row_of_pairs_counts_for_both_of_its_directions(tmp_path: Path):
    found = read_pairs(write_pairs(tmp_path / "pairs.jsonl"), ["fr-en", "en-fr"], 2)
    assert found["en-fr"] == [Pair("the cat", "le chat"), Pair("the dog", "le chien")]
    assert found["fr-en"] == [Pair("le chat", "the cat"), Pair("le chien", "the dog")]


def test_a_single_pair_and_unreadable_files_are_refused(tmp_path: Path):
    path = write_pairs(tmp_path / "pairs.jsonl")
    with pytest.raises(InputError, match="1 pairs of en-ja"):
        read_pairs(path, ["en-ja"], 0)
    with pytest.raises(InputError, match="cannot be read"):
        read_pairs(tmp_path / "none.parquet", ["en-ja"], 0)
    path.write_text('{"lang_a": "en"}')
    with pytest.raises(InputError, match="they need lang_a, text_a"):
        read_pairs(path, ["en-fr"], 0)


needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")


@needs_torch
def test_a_target_is_read_after_its_source_after_another_and_alone(tiny_model):
    import torch

    from pivotmine.model.losses.conditional import conditional_losses

    pairs = [Pair("the cat", "le chat"), Pair("the dog", "le chien"), Pair("sun", "le soleil")]
    read = conditional_losses(tiny_model, pairs, batch_tokens=24)

    def loss(before: str, target: str) -> float:
        encode = tiny_model.tokenizer
        whole = torch.tensor([encode(f"{before}\n{target}")["input_ids"]])
        n_before = len(encode(f"{before}\n")["input_ids"])
        labels = whole.clone()
        labels[:, :n_before] = -100
        with torch.inference_mode():
            return float(tiny_model.network(input_ids=whole, labels=labels).loss)

    for place, (source, target) in enumerate(pairs):
        assert read.given[place] == pytest.approx(loss(source, target), abs=1e-4)
        assert read.other[place] == pytest.approx(
            loss(pairs[(place + 1) % 3].source, target), abs=1e-4
        )
        assert read.alone[place] == pytest.approx(loss("", target), abs=1e-4)
    assert read.gain.tolist() == (read.other - read.given).tolist()


@needs_torch
def test_the_worth_of_a_source_leaves_out_tokens_that_can_be_copied(tiny_model):
    import torch

    from pivotmine.model.losses.conditional import conditional_losses, source_worth, token_gains

    pairs = [Pair("the cat", "le cat"), Pair("the dog", "le dog dog"), Pair("the the", "the")]
    read = conditional_losses(tiny_model, pairs)
    given, worth = source_worth(tiny_model, pairs)
    assert given == pytest.approx(read.given, abs=1e-5)
    assert worth == pytest.approx(read.worth, abs=1e-5)
    encode = tiny_model.tokenizer

    def losses(before: str, target: str) -> list[float]:
        context, answer = (
            encode(f"{before}\n")["input_ids"],
            encode(f"{before}\n{target}")["input_ids"],
        )
        with torch.inference_mode():
            logits = tiny_model.network(input_ids=torch.tensor([answer])).logits[0].log_softmax(1)
        return [-float(logits[n - 1, answer[n]]) for n in range(len(context), len(answer))]

    for place, (source, target) in enumerate(pairs):
        other = pairs[(place + 1) % 3].source
        sources = {*encode(f"{source}\n")["input_ids"], *encode(f"{other}\n")["input_ids"]}
        start = len(encode(f"{source}\n")["input_ids"])
        answer = encode(f"{source}\n{target}")["input_ids"][start:]
        gains = [
            without - given
            for token, without, given in zip(
                answer, losses(other, target), losses(source, target), strict=True
            )
            if token not in sources
        ]
        wanted = sum(gains) / len(gains) if gains else 0.0
        assert read.worth[place] == pytest.approx(wanted, abs=1e-4)
        single = [one for one in token_gains(tiny_model, pairs) if one.pair == place]
        assert [one.gain for one in single] == pytest.approx(gains, abs=1e-4)
        assert not sources & {one.token for one in single}


@needs_torch
def test_one_command_runs_the_evaluations_whose_inputs_are_given(
    tiny_model, small_words, tmp_path: Path
):
    from pivotmine.model.cli import app
    from pivotmine.model.words.dataset import save

    tiny_model.network.save_pretrained(tmp_path / "model")
    tiny_model.tokenizer.save_pretrained(tmp_path / "model")
    save(small_words, tmp_path / "words", {})
    pairs = write_pairs(tmp_path / "pairs.jsonl")
    command = ["evaluate", str(tmp_path / "model"), "--out", str(tmp_path)]
    named = ["--set", f"evaluation.pairs={pairs}", "--set", "evaluation.pair_directions=[en-fr]"]
    plain = ["--set", "evaluation.chrf=false", "--set", "scoring.directions=[en-fr]"]
    words = ["--words", str(tmp_path / "words")]
    done = CliRunner().invoke(app, [*command, *named, *plain, *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    (path,) = tmp_path.glob("evaluation-*.json")
    found = orjson.loads(path.read_bytes())
    one = found["conditional"]["en-fr"]
    assert one["n"] == 3
    assert one["gain"]["mean"] == pytest.approx(one["other"] - one["given"])
    assert one["conditional"]["mean"] == pytest.approx(one["given"] - one["alone"])
    assert found["retrieval"]["layer"] == 1, "the middle one of two, named beforehand"
    assert len(found["retrieval"]["by_layer"]) == 2
    late = CliRunner().invoke(app, [*command, *named])
    assert "pairs are examples" in str(late.exception) or "sacrebleu" in str(late.exception)
    assert "conditional loss" not in late.output, "said before anything was asked"
    nothing = CliRunner().invoke(app, command)
    assert "no evaluation is set: give a word set" in str(nothing.exception)


PLUGIN = '''
from pivotmine import plugins
from pivotmine.recipe import Section


@plugins.evaluation("spelling")
class Spelling(Section):
    """How many tokens a model needs for a sentence."""

    sentences: tuple[str, ...] = ("the cat",)

    def evaluate(self, model, words, pairs):
        n_tokens = sum(len(model.tokenizer(text)["input_ids"]) for text in self.sentences)
        return {"n_sentences": len(self.sentences), "tokens_each": n_tokens / len(self.sentences)}
'''


@needs_torch
def test_an_evaluation_of_the_user_runs_with_its_options(tiny_model, tmp_path: Path, monkeypatch):
    from pivotmine.model.cli import app

    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples" / "plugins"))
    tiny_model.network.save_pretrained(tmp_path / "model")
    tiny_model.tokenizer.save_pretrained(tmp_path / "model")
    sentences = tmp_path / "sentences.txt"
    sentences.write_text("the cat\nthe dog\nthe moon\n", encoding="utf-8")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "plugins: [sentence_perplexity]\n"
        "evaluation:\n"
        "  plugins:\n"
        f"    sentence_perplexity: {{sentences: {sentences}, max_sentences: 2}}\n"
    )
    command = ["evaluate", str(tmp_path / "model"), "-c", str(recipe), "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    (path,) = tmp_path.glob("evaluation-*.json")
    found = orjson.loads(path.read_bytes())
    texts = sentences.read_text(encoding="utf-8").splitlines()[:2]
    n_tokens = sum(len(tiny_model.tokenizer(text)["input_ids"]) - 1 for text in texts)
    assert found["sentence_perplexity"]["n_tokens"] == n_tokens
    assert found["settings"]["plugins"]["sentence_perplexity"]["max_sentences"] == 2
    assert "perplexity" in done.output


def test_a_recipe_lists_the_options_of_the_users_evaluation_and_refuses_others(
    tmp_path: Path, monkeypatch
):
    from pivotmine.model.config.recipe import load_model_recipe

    (tmp_path / "spelling_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    named = ["plugins=[spelling_plugin]", "evaluation.plugins={spelling: {}}"]
    options = load_model_recipe(None, named).evaluation.plugins
    assert options == {"spelling": {"sentences": ["the cat"]}}
    with pytest.raises(ConfigError, match="spelling has no option 'sentence'"):
        load_model_recipe(None, [named[0], "evaluation.plugins={spelling: {sentence: a}}"])
    with pytest.raises(ConfigError, match="no model evaluation 'speling'; did you mean 'spelling'"):
        load_model_recipe(None, [named[0], "evaluation.plugins={speling: {}}"])


def test_what_is_built_in_is_what_the_registry_lists():
    from pivotmine import plugins
    from pivotmine.model.config.evaluation import EvaluationConfig

    assert plugins.EVALUATIONS.built_in == (
        *("retrieval", "conditional", "translation"),
        *("heldout", "benchmarks"),
    )
    known = {*EvaluationConfig.model_fields, "scoring"}
    for name in plugins.EVALUATIONS.built_in:
        assert {*plugins.EVALUATIONS[name].option_names()} <= known


def test_csls_follows_its_definition_and_corrects_hubs():
    from pivotmine.model.evaluation.retrieval import csls, hits

    generator = np.random.default_rng(0)
    queries, keys = generator.normal(size=(6, 4)), generator.normal(size=(5, 4))
    keys[0] = queries.sum(0)  # a hub
    found = csls(queries, keys, 2)

    def cosine(x: np.ndarray, y: np.ndarray) -> float:
        return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))

    for place, query in enumerate(queries):
        for other, key in enumerate(keys):
            near_query = sorted(cosine(query, one) for one in keys)[-2:]
            near_key = sorted(cosine(one, key) for one in queries)[-2:]
            wanted = 2 * cosine(query, key) - sum(near_query) / 2 - sum(near_key) / 2
            assert found[place, other] == pytest.approx(wanted)
    assert hits(np.array([[2.0, 1.0], [3.0, 3.0]])).tolist() == [1.0, 0.5], "ties share"


@needs_torch
def test_a_word_finds_itself_in_every_layer(tiny_model, small_words):
    from pivotmine.model.config.measuring import ScoringConfig
    from pivotmine.model.evaluation.retrieval import layer_means, retrieve
    from pivotmine.model.words.dataset import Direction

    asked = [c for c in small_words.concepts if len(set(c.words.values())) == 4]
    same = [c.model_copy(update={"words": dict.fromkeys(c.words, c.words["en"])}) for c in asked]
    ways = [Direction("en", "fr")]
    assert layer_means(retrieve(tiny_model, same, ways, ScoringConfig())).tolist() == [1.0, 1.0]
    found = retrieve(tiny_model, asked, ways, ScoringConfig())
    assert found["en-fr"].shape == (2, len(asked))
