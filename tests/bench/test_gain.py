"""The experiment on real text: its pool, its held-out lines, its arms, and its analysis."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.arms.documents import Document, Line
from bench.gain.analysis import BROKEN, LINKS, ORACLE, RANDOM, REPLAY, analyse
from bench.gain.arms import cut_cells, draw, known_languages, reached
from bench.gain.attribution import Observations, covered_less_uncovered, fit
from bench.gain.doses import tokens_to_reach
from bench.gain.doses import write as write_dose
from bench.gain.draws import choice, counts, shuffled, uniform
from bench.gain.exposures import count_exposures, shown
from bench.gain.heldout import leaks, near_duplicates
from bench.gain.labels import (
    agreement,
    baselines,
    draw_sheet,
    judge,
    read_passes,
    write_sheet,
)
from bench.gain.layouts import LAYOUTS, lay_out
from bench.gain.page import write_page
from bench.gain.page_scores import dictionary, gale_church
from bench.gain.pool import BILINGUAL, make_pool
from bench.gain.results import Results
from bench.gain.retrieval import hit_share, states
from bench.gain.texts import Message, language_shares, normal_line, read_messages
from bench.gain.training import read_conf, seeds_of
from pivotmine.errors import InputError
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.pairs import Pair
from pivotmine.text.tokenizer import Tokenizer as Encoder
from tests.model.handmade_shards import word_tokenizer

ENGLISH = "the of and to is that this for with are you it".split()
FRENCH = "le la les des est une dans pour vous que du et".split()


def sentence(lang: str, number: int) -> str:
    """A sentence that no other number has."""
    if lang == "ja":
        return f"これは{number}番目の文です。それは日本語で書かれています{number * 7}。"
    words = ENGLISH if lang == "en" else FRENCH
    known = " ".join(words[(number + step) % len(words)] for step in range(5))
    return f"{known} {'thing' if lang == 'en' else 'chose'} {number} {number * 7}."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 pages a language, 3,000 messages in three languages, and a dictionary."""
    folder = tmp_path_factory.mktemp("data")
    docs = [
        {"doc_id": f"{lang}{page}", "source": f"manual{page % 3}", "path": "p", "lang": lang,
         "text": "\n".join(sentence(lang, 10_000 + 20 * page + n) for n in range(20))}
        for lang in ("en", "fr", "ja", "zh") for page in range(300)
    ]  # fmt: skip
    for page in range(30):
        half = [sentence("en", 50_000 + 20 * page + n) for n in range(10)]
        half += [sentence("fr", 60_000 + 20 * page + n) for n in range(10)]
        docs.append({"doc_id": f"mixed{page}", "source": "manual0", "path": "p", "lang": "fr",
                     "text": "\n".join(half)})  # fmt: skip
    segments = [
        {"source": f"site{n % 4}", "key": f"c{n % 2}\x1f{n}", "lang": lang,
         "text": sentence(lang, n)}
        for n in range(3000) for lang in ("en", "fr", "ja")
    ]  # fmt: skip
    # A page of one language holds a message, which may be held out.
    docs[0]["text"] += "\n" + "\n".join(sentence("en", n) for n in range(3000))
    words = [
        {"lang_a": "en", "word_a": f"word{n}", "lang_b": lang, "word_b": f"{lang}{n}", "pos": "",
         "source": "d"}
        for n in range(4000) for lang in ("fr", "ja")
    ]  # fmt: skip
    for name, rows in (("docs", docs), ("segments", segments), ("lexicon", words)):
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    return folder


def read(out: Path) -> tuple[list[str], list[dict[str, str]]]:
    texts = pq.read_table(out / "pages")["text"].to_pylist()
    return texts, pq.read_table(out / "labels.parquet").to_pylist()


def test_the_pool_has_the_shares_of_the_web_and_no_line_that_is_held_out(data, tmp_path):
    found = make_pool(data, tmp_path / "a", 3, 200, None)
    texts, labels = read(tmp_path / "a")
    assert len(texts) == len(labels) == found["n_pages"]
    kinds = Counter(label["kind"] for label in labels)
    n_bilingual = len(labels) - kinds["monolingual"]
    assert n_bilingual / len(labels) == pytest.approx(BILINGUAL, abs=0.005)
    assert kinds["same_topic"] > 3 * kinds["parallel"] > 0
    pairs = pq.read_table(tmp_path / "a" / "heldout" / "pairs.parquet").to_pylist()
    assert Counter(pair["lang_b"] for pair in pairs) == {"fr": 200, "ja": 200}
    held = {normal_line(pair[side]) for pair in pairs for side in ("text_a", "text_b")}
    assert not held & {normal_line(line) for text in texts for line in text.split("\n")}
    assert found["heldout"]["leaks"] == {"exact": 0, "normalised": 0}
    assert "text" in pq.read_schema(tmp_path / "a" / "pages" / "part-00000.parquet").names
    assert "kind" not in pq.read_schema(tmp_path / "a" / "pages" / "part-00000.parquet").names


def test_the_pool_depends_on_texts_and_seed_and_not_on_the_order_of_rows(data, tmp_path):
    other = tmp_path / "data"
    other.mkdir()
    for file in data.glob("*.parquet"):
        table = pq.read_table(file)
        order = np.random.default_rng(0).permutation(table.num_rows)
        pq.write_table(table.take(order), other / file.name)
    for name, folder, seed in (("a", data, 3), ("b", other, 3), ("c", data, 4)):
        make_pool(folder, tmp_path / name, seed, 100, None)
    assert read(tmp_path / "a") == read(tmp_path / "b")
    assert read(tmp_path / "a") != read(tmp_path / "c")


def test_parallel_pages_hold_translations_and_half_translated_pages_none(data, tmp_path):
    make_pool(data, tmp_path / "a", 5, 100, None)
    messages = {m.english: m.other for pair in read_messages(data).values() for m in pair}
    both = {pair: dict[str, str]() for pair in ("en-ja", "en-fr")}
    for pair, of in read_messages(data).items():
        both[pair] = {m.english: m.other for m in of}
    for text, label in zip(*read(tmp_path / "a"), strict=True):
        if label["way"] not in ("aligned", "apart"):
            continue
        known = both[label["pair"]]
        body = [line for line in text.split("\n") if line.partition(" | ")[0] not in messages]
        joined = "\n".join(body)
        english = [line for line in known if line in joined]
        translated = [line for line in english if known[line] in joined]
        if label["way"] == "aligned" and label["layout"] != "table":
            assert translated == english
        if label["way"] == "apart":
            assert not translated


def test_a_folder_without_texts_is_named(tmp_path):
    with pytest.raises(InputError, match=r"docs\.parquet"):
        make_pool(tmp_path, tmp_path / "out", 0, 1, None)


def test_leaks_and_near_duplicates_are_found_in_lines_and_cells():
    held = {"en-fr": [Message("k", "s", "s", "He closed the old door.", "Il ferma la porte.")]}
    assert leaks(["he closed the OLD door\tx"], held) == {"exact": 0, "normalised": 1}
    assert leaks(["a\nIl ferma la porte.", "b"], held) == {"exact": 1, "normalised": 1}
    near = near_duplicates(["He closed the old doors.\nIl ferma la porte !", "nothing"], held)
    assert near == {"either side": 1, "both sides on a page": 1}
    assert near_duplicates(["They went home."], held) == {
        "either side": 0,
        "both sides on a page": 0,
    }


def test_languages_are_told_by_function_words_and_kana():
    texts = pa.array([f"{sentence(lang, 1)} " * 8 for lang in ("en", "fr", "ja")] + ["x"])
    shares = language_shares(texts)
    assert (shares[:3].argmax(axis=1) == [0, 1, 2]).all()
    assert (shares[:3].max(axis=1) > 0.9).all()
    assert not shares[3].any()


@given(
    st.lists(st.text("ab", min_size=1), max_size=9),
    st.lists(st.text("xy", min_size=1), max_size=9),
    st.sampled_from(sorted(LAYOUTS)),
    st.integers(0, 5),
)
def test_a_layout_loses_no_line(first, second, layout, seed):
    lines = lay_out(first, second, layout, seed, "page")
    cells = Counter(
        cell
        for line in lines
        for cell in "".join(c if c in "abxy" else "\n" for c in line).split("\n")
        if cell
    )
    assert cells == Counter(first) + Counter(second)


@given(st.integers(0, 10_000), st.integers(0, 9))
def test_draws_are_those_of_the_seed_and_counts_sum_up(total, seed):
    shares = {"a": 0.14, "b": 0.72, "c": 0.14}
    assert sum(counts(total, shares).values()) == total
    assert 0 <= uniform(seed, "x") < 1
    assert choice(shares, seed, "x") in shares
    items = [(str(n), n) for n in range(20)]
    assert shuffled(items, seed, "x") == shuffled(items[::-1], seed, "x")


def document(number: int, **tokens: int) -> Document:
    lines = tuple(Line(np.zeros(n, np.int32), lang) for lang, n in tokens.items() if n)
    return Document(f"d{number}", lines, "parallel", {})


def test_the_oracle_keeps_the_shares_of_languages_where_it_has_too_little():
    budget = {"en": 400, "fr": 200, "ja": 200}
    held = [document(n, en=10, fr=5 * (n % 2), ja=5) for n in range(20)]
    assert reached(held, budget) == {"en": 100, "fr": 50, "ja": 50}
    with pytest.raises(InputError, match="could be drawn"):
        draw("random", held, budget)
    long = [
        Document(f"d{n}", tuple(Line(np.zeros(3, np.int32), lang) for lang in order), "x", {})
        for n, order in enumerate([["en", "en", "fr", "ja"] * 9, ["ja", "fr", "en", "en"] * 9])
    ]
    taken = draw("random", long, {"en": 60, "fr": 30, "ja": 30})
    tokens = sum((Counter(one.n_tokens) for one in taken), Counter[str]())
    assert tokens == {"en": 60, "fr": 30, "ja": 30}
    assert known_languages("de", ["und", "fr", "de", "en"]) == ["fr", "fr", "fr", "en"]


def test_cells_of_a_row_in_two_languages_are_told_apart():
    english, french, japanese = (sentence(lang, 3) for lang in ("en", "fr", "ja"))
    for lang in ("en", "ja"):
        row = f"{japanese} | {english}"
        found = cut_cells(row, lang, "en-ja")
        assert found == [(japanese, "ja"), (f" | {english}", "en")]
    assert cut_cells(f"{english}\t{french}", "fr", "en-fr")[1] == (f"\t{french}", "fr")
    assert cut_cells("Xyz - Abc", "en", "en-fr") == [("Xyz", "en"), (" - Abc", "fr")]
    assert cut_cells("Xyz - Abc", "fr", "en-fr") == [("Xyz", "fr"), (" - Abc", "en")]
    assert cut_cells("either / or", "en", "en") == [("either / or", "en")]


def test_the_recipe_of_the_grid_loads_for_any_folder(tmp_path):
    recipe = read_conf(tmp_path, seeds=seeds_of("2-3"))
    assert recipe.grid.seeds == (2, 3)
    assert recipe.grid.pairs.startswith(str(tmp_path))
    assert len(read_conf(tmp_path).grid.seeds) >= 8
    assert seeds_of("0,5") == [0, 5]


def results(tmp_path: Path) -> Results:
    """A grid in which links gain what the oracle gains, and entropy a third of it."""
    grid = read_conf(tmp_path, n_resamples=200).grid
    gains = {LINKS: 0.2, ORACLE: 0.21, REPLAY: 0.1, "entropy": 0.07, RANDOM: 0.0, BROKEN: 0.0}
    generator = np.random.default_rng(1)
    own = generator.normal(0, 0.05, (len(grid.seeds), 40))
    worth, heldout = {}, {}
    for arm in ["base", *(one.name for one in grid.arms)]:
        gain = gains.get(arm, 0.02)
        worth[arm] = {
            way: own + gain + generator.normal(0, 0.01, own.shape)
            for way in grid.pair_directions
        }  # fmt: skip
        heldout[arm] = {"en": 3 + generator.normal(0, 0.003, len(grid.seeds))}
    kinds = {"tokens_by_kind": {"parallel": 1, "monolingual": 3}}
    pool = {
        "n_pages": 9, "pages": dict.fromkeys(("monolingual", "parallel", "same_topic", "list"), 1),
        "bytes": dict.fromkeys(("monolingual", "parallel", "same_topic", "list"), 1e6),
        "heldout": {"pairs": {"en-fr": 9}, "leaks": {"normalised": 0}, "near_duplicates": {}},
    }  # fmt: skip
    about = {
        "pool": pool, "arms": {one.name: kinds for one in grid.arms}, "phases": {},
        "model": {"name": "m"}, "registered": [{"date": "2026-11-30", "n_finished": 0}],
        "machine": "x", "commit": "c", "versions": {},
    }  # fmt: skip
    return Results(worth, heldout, grid, about)


def test_the_analysis_says_which_aims_are_met(tmp_path):
    found = analyse(results(tmp_path))
    met = {aim.what: aim.is_met for aim in found.aims}
    assert all(met.values()), met
    assert found.arms[LINKS].gain.low > 0.15
    assert {verdict.verdict for *_, verdict in found.contrasts} == {"significant"}
    weaker = results(tmp_path)
    weaker.worth[LINKS] = weaker.worth["entropy"]
    missed = [aim.what for aim in analyse(weaker).aims if not aim.is_met]
    assert any("entropy" in what for what in missed)
    assert any("oracle" in what for what in missed)
    assert not any("broken" in what for what in missed)


def test_the_page_shows_every_arm_and_is_made_the_same_again(tmp_path, monkeypatch):
    folder = tmp_path / "gain"
    folder.mkdir()
    monkeypatch.setattr("bench.gain.page.read", lambda _: results(tmp_path))
    page = write_page(folder)
    text, figure = page.read_text(), (folder / "gain.svg").read_bytes()
    for arm in results(tmp_path).grid.arms:
        assert f"| {arm.name.replace('_', ' ')} |" in text
    assert write_page(folder).read_text() == text
    assert "Beside the declared contrasts" not in text
    assert (folder / "gain.svg").read_bytes() == figure


def test_the_page_shows_dose_attribution_and_retrieval_where_they_were_run(tmp_path, monkeypatch):
    folder = tmp_path / "gain"
    monkeypatch.setattr("bench.gain.page.read", lambda _: results(tmp_path))
    gains = {"100": {"entropy": {"mean": 0.01}, LINKS: {"mean": 0.03}}}
    gains["200"] = {"entropy": {"mean": 0.03}, LINKS: {"mean": 0.09}}
    write_dose(gains, folder)
    fits = {"pairs": {"frequency": {"r2": 0.123}, "all": {"r2": 0.456}}}
    (folder / "attribution.json").write_text(json.dumps(fits))
    (folder / "retrieval.json").write_text(json.dumps({"oracle": {"mean": 0.25}}))
    text = write_page(folder).read_text()
    assert "for one of links, at the same gain: 2.0" in text
    assert "frequency 0.123, all 0.456" in text
    assert "oracle 25.0%" in text


def test_a_text_has_the_mean_state_of_its_tokens_whatever_is_read_beside_it():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    core = word_tokenizer([f"w{n}" for n in range(8)])
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=core)
    torch.manual_seed(0)
    network = transformers.AutoModelForCausalLM.from_config(
        transformers.Qwen3Config(
            vocab_size=12, hidden_size=16, intermediate_size=16, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=2, head_dim=8,
        )
    ).eval()  # fmt: skip
    model = LoadedModel(network, tokenizer, "m", "v", torch.device("cpu"))
    texts = ["w0 w1", "w2 w3 w4 w5 w6", "w7"]
    together = states(model, texts)
    for place, text in enumerate(texts):
        assert together[place] == pytest.approx(states(model, [text])[0], abs=1e-5)
    same = {"en-fr": [Pair(f"w{n} w{n + 1}", f"w{n} w{n + 1}") for n in range(6)]}
    assert hit_share(model, same) == 1.0


def test_words_that_an_arm_showed_are_told_from_others():
    pairs = {"en-fr": [Pair("w0", "w2"), Pair("w1", "w4")]}
    runtime = Encoder("huggingface", word_tokenizer([f"w{n}" for n in range(8)]).to_str().encode())
    ids = {f"w{n}": runtime.load().encode_documents([[f"w{n}"]])[0][0][0] for n in range(8)}
    gains = {"arm": {"en-fr": {(0, int(ids["w2"])): 1.0, (1, int(ids["w4"])): 0.25}}}
    met = [[int(ids["w0"]), int(ids["w2"])]] * 9 + [[int(ids["w7"])]] * 40
    counted = {"arm": count_exposures(met, 12)}
    found = covered_less_uncovered(gains, pairs, counted, runtime.load())
    assert found == pytest.approx(0.75)


CONTEXTS = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=6), min_size=1, max_size=12)


@given(CONTEXTS)
def test_exposures_are_contexts_that_hold_both(contexts):
    found = count_exposures(contexts, 7)
    for a in range(7):
        for b in range(7):
            both = [context for context in contexts if a in context and b in context]
            assert found.together[a, b] == len(both)
    assert found.tokens.sum() == sum(map(len, contexts))


@given(CONTEXTS)
def test_association_is_the_likelihood_ratio_of_scipy(contexts):
    found = count_exposures(contexts, 7)
    n = len(contexts)
    for a in range(7):
        for b in range(a):
            both, one, other = found.together[a, b], found.together[a, a], found.together[b, b]
            table = np.array([[both, one - both], [other - both, n - one - other + both]])
            if both * n <= one * other or 0 in table.sum(axis=0) or 0 in table.sum(axis=1):
                assert found.association[a, b] == pytest.approx(0, abs=1e-4)
                continue
            g2 = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
            assert found.association[a, b] == pytest.approx(g2.statistic, rel=1e-3, abs=1e-4)


def test_a_target_is_shown_by_the_source_token_that_it_goes_with():
    contexts = [[1, 2], [1, 2], [1, 2], *([[3, 4]] * 20), *([[5]] * 40)]
    found = count_exposures(contexts, 6)
    assert shown(found, [1, 5], 2) == (3.0, 3.0, 0.0)
    assert shown(found, [5], 2) == (0.0, 3.0, 0.0)


def test_exposures_that_make_the_gain_explain_it_out_of_sample():
    generator = np.random.default_rng(0)
    exposures, frequency, paths = generator.random((3, 400))
    gain = 2 * exposures + 0.1 * generator.normal(size=400)
    observed = Observations(
        [str(n) for n in range(400)],
        gain,
        {"exposures": exposures, "frequency": frequency, "paths": paths},
    )
    found = fit(observed)
    assert found["exposures"]["r2"] > 0.9
    assert found["frequency"]["r2"] < 0.05
    assert found["all"]["coefficients"]["exposures"] > 0.5


def test_tokens_to_reach_lie_between_the_budgets():
    def at(entropy: float, links: float) -> dict[str, dict[str, float]]:
        return {"entropy": {"mean": entropy}, LINKS: {"mean": links}}

    found = {"100": at(0.0, 0.01), "200": at(0.02, 0.05), "400": at(0.05, 0.2)}
    assert tokens_to_reach(found) == pytest.approx(2.0)
    found["200"] = at(0.02, 0.03)
    assert 1 < tokens_to_reach(found) < 2
    found["400"] = at(0.5, 0.2)
    assert np.isnan(tokens_to_reach(found))


def test_equal_lengths_align_better_than_others_and_an_empty_side_not_at_all():
    lengths = [10, 80, 25, 60, 5, 90]
    own = gale_church(lengths, [2 * n for n in lengths])
    assert own > gale_church(lengths, [2 * n for n in lengths[::-1]])
    assert own == pytest.approx(gale_church([2 * n for n in lengths], lengths), abs=0.5)
    assert gale_church(lengths, []) == -np.inf


def test_a_dictionary_finds_whole_words_or_strings_of_scripts_without_spaces():
    words = {"cat": ["chat"], "dog": ["犬"], "sun": ["soleil"]}
    assert dictionary("The cat and the dog", "un chat, 子犬", words) == 1.0
    assert dictionary("The cat and the dog", "un chaton", words) == 0.0
    assert dictionary("nothing", "rien", words) == 0.0


def test_a_sheet_shows_no_score_and_labels_are_judged(data, tmp_path):
    rows = draw_sheet(data, 20, 0)
    assert rows
    assert {row.pair for row in rows} == {"en-fr"}, "as the folder's mixed pages are"
    path = write_sheet(rows, tmp_path)
    with path.open(encoding="utf-8") as stream:
        assert stream.readline().split("\t")[:2] == ["id", "pair"]
        assert len(stream.readlines()) == len(rows)
    with pytest.raises(InputError, match="is missing"):
        read_passes(tmp_path)
    for number, label in ((1, "topic"), (2, "topic")):
        lines = ["id\tlabel", *(f"{row.id}\t{label}" for row in rows)]
        (tmp_path / f"pages.{number}.tsv").write_text("\n".join(lines))
    assert read_passes(tmp_path)[rows[0].id] == ("topic", "topic")
    (tmp_path / "pages.2.tsv").write_text("id\tlabel\nx\tgood")
    with pytest.raises(InputError, match="'good'"):
        read_passes(tmp_path)


def test_labels_on_which_passes_agree_judge_every_score(data, tmp_path):
    texts = {}
    for number in range(8):
        english = [sentence("en", 10 * number + n) + "\n" for n in range(5)]
        french = [sentence("fr", 10 * number + n + 500 * (number % 2)) + "\n" for n in range(5)]
        texts[f"p{number}"] = "".join(
            line for pair in zip(english, french, strict=True) for line in pair
        )
    lake = duckdb.connect()
    documents = pa.table({"doc_id": list(texts), "lang": ["en"] * 8, "text": list(texts.values())})
    tokens = pa.table({"doc_id": list(texts), "segment_langs": [["en", "fr"] * 5] * 8})
    scores = pa.table(
        {
            "doc_id": list(texts),
            "method": ["translation"] * 8,
            "score": [1.0 - 0.9 * (n % 2) for n in range(8)],
        }
    )
    for name, table in (("documents", documents), ("tokens", tokens), ("scores", scores)):
        lake.register(name, table)
    labels = {page: ("topic" if int(page[1]) % 2 else "parallel") for page in texts}
    for number in (1, 2):
        lines = ["id\tlabel", *(f"{page}\t{label}" for page, label in labels.items()), "x\tno"]
        (tmp_path / f"pages.{number}.tsv").write_text("\n".join(lines))
    found = {one.score: one for one in judge(lake, tmp_path, data) if one.sought == "parallel"}
    assert set(found) == {
        *("translation", "gale_church", "dictionary", "translation and gale_church"),
    }
    assert found["translation"].n_positive == 4
    assert found["translation"].n == 8
    assert found["translation"].ranking.auc.mean == 1.0
    assert agreement(read_passes(tmp_path)) == 1.0


def test_the_baselines_of_a_translated_page_are_those_of_its_sides():
    english = [sentence("en", n) + "\n" for n in range(6)]
    french = [sentence("fr", n) + "\n" for n in range(6)]
    text = "".join(line for pair in zip(english, french, strict=True) for line in pair)
    found = baselines(text, ["en", "fr"] * 6, {"en-fr": {"thing": ["chose"]}, "en-ja": {}})
    assert found["dictionary"] == 1.0
    assert found["gale_church"] > -3
