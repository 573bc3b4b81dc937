"""The examples of plugins, each run as a user would: a module in a folder of one's own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pivotmine import plugins
from pivotmine.engine.fingerprint import stage_code_hash
from pivotmine.engine.session import build_session
from pivotmine.lake.query import connect
from pivotmine.recipe import SparkConfig
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.road import ROAD
from tests.road import command, environment, open_lake

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "plugins"
MODULES = sorted(path.stem for path in EXAMPLES.glob("*.py"))

PLACES = {"house": "maison", "garden": "jardin", "river": "rivière", "village": "village"}
ANIMALS = {"cat": "chat", "dog": "chien", "horse": "cheval", "bird": "oiseau", "cow": "vache"}

RECIPE = """
plugins: [parallel_tsv, digit_share, best_of_sources, log_odds]
languages: [en, fr]
ingest:
  inputs:
    - {uris: [corpus/one.tsv], source_label: one}
    - {uris: [corpus/two.tsv], source_label: two}
tokenize: {vocab_size: 400}
count: {min_count: 3}
link: {measure: log_odds, max_q_value: 0.99, min_npmi: -1, min_folds: 0, permutations: 0}
score:
  methods: [he2025, entropy, links, translation, digits]
  options: {digits: {min_digits: 1}}
select:
  budget_tokens: 100000
  arms:
    - {name: digits, method: digits}
    - {name: best, method: best_of_sources, options: {per_source: 2}}
lake: {warehouse: lake}
spark: {master: "local[1]", driver_memory: 1g, shuffle_partitions: 2}
"""


def sentences() -> list[str]:
    """Pairs of sentences, each with a number, as lines of TSV."""
    return [
        f"In the year {1900 + i} a {one} lived in the {place} near the old church.\t"
        f"En {1900 + i} un {two} vivait dans le {lieu} près de la vieille église.\n"
        for i, ((one, two), (place, lieu)) in enumerate(
            (animal, place) for animal in ANIMALS.items() for place in PLACES.items()
        )
    ]


def run_in(folder: Path, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """A command in the user's folder; PivotMine itself is on the path, the folder is not."""
    done = subprocess.run(
        arguments,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env={**environment(), "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("user")
    for module in MODULES:
        shutil.copy(EXAMPLES / f"{module}.py", folder)
    (folder / "recipe.yaml").write_text(RECIPE)
    corpus = folder / "corpus"
    corpus.mkdir()
    lines = sentences()
    (corpus / "one.tsv").write_text("".join(lines[:14]), encoding="utf-8")
    (corpus / "two.tsv").write_text("".join(lines[14:]) + "no tab\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def rows(user_folder: Path):
    """Rows of a query on the lake of a run over the user's corpus."""
    run_in(user_folder, *command("run", "--config", "recipe.yaml", "--until", "select"))
    connection = connect(open_lake(user_folder / "lake"))
    return lambda query: connection.execute(query).fetchall()


@pytest.fixture
def loaded(user_folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The plugins in this process, gone after the test."""
    monkeypatch.chdir(user_folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for registry in (plugins.SOURCES, plugins.SCORES, plugins.SELECTIONS, plugins.MEASURES):
        list(registry)
        monkeypatch.setattr(registry, "_found", {**registry._found})
    monkeypatch.setattr(plugins.EVALUATIONS, "_found", {**plugins.EVALUATIONS._found})
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    plugins.load(MODULES)
    yield
    for name in MODULES:
        sys.modules.pop(name, None)


def test_no_example_is_longer_than_forty_lines():
    assert MODULES
    for module in MODULES:
        assert (EXAMPLES / f"{module}.py").read_text(encoding="utf-8").count("\n") <= 40


def test_the_source_format_makes_documents_of_its_records(rows):
    assert rows("SELECT count(*) FROM documents") == [(20,)]
    assert rows("SELECT reason, detail FROM rejects") == [("malformed_record", "0 tabs, not one")]


def test_the_measure_ranks_the_partners_of_a_word(rows):
    table = rows(
        "SELECT n_ab, n_a, n_b, n_contexts, rank_ab, a FROM links WHERE NOT is_copy "
        "ORDER BY a, rank_ab"
    )
    assert table
    by_word: dict[int, list[float]] = {}
    for n_ab, n_a, n_b, n, _, a in table:
        cells = (n_ab, n - n_a - n_b + n_ab, n_a - n_ab, n_b - n_ab)
        both, neither, only_a, only_b = (cell + 0.5 for cell in cells)
        by_word.setdefault(a, []).append(both * neither / (only_a * only_b))
    for odds in by_word.values():
        assert odds == sorted(odds, reverse=True)


def test_the_score_is_in_its_table_with_its_evidence(rows):
    found = rows("SELECT score, n_tokens, evidence FROM scores WHERE method = 'digits'")
    assert len(found) == 20
    assert max(score for score, *_ in found) > 0
    for score, n_tokens, evidence in found:
        assert score * n_tokens == pytest.approx(dict(evidence).get("numbers", 0.0))
    assert rows("SELECT count(DISTINCT reason) > 0 FROM selection WHERE arm = 'digits'") == [
        (True,)
    ]


def test_the_selection_method_takes_the_best_of_each_source(rows):
    taken = rows(
        "SELECT source, count(*) FROM selection JOIN documents USING (doc_id) "
        "WHERE arm = 'best' GROUP BY source, selection.lang"
    )
    assert {source for source, _ in taken} == {"one", "two"}
    assert all(n <= 2 for _, n in taken)


def test_options_are_part_of_what_config_prints(user_folder: Path):
    shown = run_in(user_folder, *command("config", "--config", "recipe.yaml")).stdout
    assert "min_digits: 1" in shown
    assert "- digits.min_digits: Digits that a token must have to be a number. (int (> 0))" in shown
    assert "per_source: 2" in shown


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("score.options={digits: {min_digits: none}}", "min_digits"),
        ("score.options={digits: {digits: 3}}", "no option 'digits'; allowed: min_digits"),
        ("select.arms=[{name: a, method: best_of_sources, options: {n: 1}}]", "no option 'n'"),
        ("score.methods=[digits]", "arm best needs score translation"),
        ("link.measure=odds", "give one of g2, npmi, pmi, pmi_bound, dice, log_odds"),
    ],
)
def test_options_and_names_are_checked_with_the_recipe(user_folder: Path, override, message):
    arguments = ("config", "--config", "recipe.yaml", "--set", override)
    assert message in run_in(user_folder, *command(*arguments), expect=2).stderr


def test_the_guide_shows_a_score_and_a_recipe_that_names_it(loaded, tmp_path: Path, monkeypatch):
    guide = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    blocks = dict(
        re.findall(r"^   ```(python|yaml)\n(.*?)^   ```$", guide, re.MULTILINE | re.DOTALL)
    )
    (tmp_path / "my_scores.py").write_text(textwrap.dedent(blocks["python"]), encoding="utf-8")
    (tmp_path / "guide.yaml").write_text(textwrap.dedent(blocks["yaml"]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("guide.yaml")
    assert recipe.score.options == {"length": {"most": 500}}
    assert recipe.select.arms[0].method == "length"


def test_the_code_of_a_plugin_is_part_of_the_fingerprint(loaded):
    recipe = load_recipe("recipe.yaml")
    stages = {stage.name: stage for stage in ROAD}
    used = {
        "ingest": "parallel_tsv",
        "link": "log_odds",
        "score": "digit_share",
        "select": "best_of_sources",
    }
    for name, module in used.items():
        assert module in stages[name].modules(recipe)
        assert module not in stages[name].modules(load_recipe())
        assert stage_code_hash(stages[name], recipe)


def test_workers_of_a_running_session_find_the_modules(spark, loaded):
    """A notebook has a session before it names a plugin."""
    session = build_session(SparkConfig())
    assert session is spark
    ratio = plugins.MEASURES["log_odds"].value

    def apply(batches: Any) -> Any:
        for batch in batches:
            counts = batch.column("id").to_numpy().astype(float)
            odds = ratio(counts, counts + 1, counts + 1, counts + 9)
            yield pa.RecordBatch.from_arrays([pa.array(odds)], ["odds"])

    found = session.range(3).mapInArrow(apply, "odds double").toArrow()["odds"].to_pylist()
    assert found == sorted(found)


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_the_evaluation_asks_a_model(loaded, tiny_model, tmp_path: Path):
    path = tmp_path / "sentences.txt"
    path.write_text("the cat sees the dog\n\nthe dog\n", encoding="utf-8")
    evaluation = plugins.EVALUATIONS["sentence_perplexity"].make({"sentences": str(path)})
    found = evaluation.evaluate(tiny_model, None, {})
    encode = tiny_model.tokenizer
    lines = filter(None, path.read_text().splitlines())
    assert found["n_tokens"] == sum(len(encode(line)["input_ids"]) - 1 for line in lines)
    assert found["perplexity"] > 1
