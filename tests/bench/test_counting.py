"""The counting benchmark: every way gives the pairs of a brute count.

Ways whose package is not installed are skipped; `make bench` installs them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from bench.counting import page, zipf
from bench.counting import race as counting_race
from bench.counting.answers import Answer, Pairs, read_answer, write_pairs
from bench.counting.contenders import WAYS
from bench.counting.cut import window_ends
from bench.counting.prepare import Facts, Prepared, prepare
from bench.counting.race import race
from bench.counting.results import (
    Limits,
    Outcome,
    Results,
    Run,
    Section,
    disagreement,
    growth_exponent,
    save,
)
from bench.counting.ways import Job
from bench.race import kill_tree, tree
from pivotmine.recipe.reading import load_recipe

ROOT = Path(__file__).parents[2]
WORDS = 300
LANGUAGES = ("da", "de", "et")
CORPUS = zipf.Zipf(100, LANGUAGES, words=WORDS, document_tokens=90)
WINDOW_TOKENS = 64
GIB = 2**30
LIMITS = Limits(threads=1, max_seconds=60, max_bytes=8 * GIB, repeat=1)

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


def make_input(folder: Path, context: str) -> Prepared:
    config = load_recipe(
        None,
        [
            f"languages=[{', '.join(LANGUAGES)}]",
            f"count.context={context}",
            f"count.window_tokens={WINDOW_TOKENS}",
        ],
    )
    rows = zipf.batches(CORPUS)
    return prepare(folder, {}, rows, zipf.vocabulary(CORPUS), config, recount=True)


@pytest.fixture(scope="module", params=["document", "window"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return make_input(tmp_path_factory.mktemp("input"), request.param)


def brute_answer(given: Prepared, folder: Path) -> Answer:
    """Pairs of the corpus by one dictionary, from the definitions, token by token."""
    frequency = Counter(t for row in rows_of(given) for t in row["token_ids"])
    counts: Counter[tuple[int, int]] = Counter()
    for row in rows_of(given):
        ends = row["segment_ends"]
        by_segment = zip(row["segment_langs"], np.diff([0, *ends]), strict=True)
        langs = [lang for lang, n in by_segment for _ in range(n)]
        start = 0
        for end in window_ends(ends, given.facts.window_tokens):
            inside = list(zip(langs[start:end], row["token_ids"][start:end], strict=True))
            in_lang = {
                lang: {t for at, t in inside if at == lang and frequency[t] >= 5}
                for lang in LANGUAGES
                if sum(at == lang for at, _ in inside) >= 0.05 * len(inside)
            }
            for (x, of_x), (y, of_y) in product(in_lang.items(), repeat=2):
                if x < y:
                    counts.update(product(of_x, of_y))
            start = end
    found = [(node(a), node(b), n) for (a, b), n in counts.items() if n >= 5]
    return answer(folder, Pairs(*np.array(found, np.int64).T))


def answer(folder: Path, *parts: Pairs) -> Answer:
    files = [write_pairs(folder / f"brute-{n}.parquet", [part]) for n, part in enumerate(parts)]
    return read_answer(files, Facts(0, 0, 0, 0, LANGUAGES, WORDS * 3, "document", None, 5))


def rows_of(given: Prepared) -> list[dict]:
    return [row for path in given.token_files for row in pq.read_table(path).to_pylist()]


def node(token: int) -> int:
    return token // WORDS * WORDS * len(LANGUAGES) + token


def job_for(given: Prepared, folder: Path) -> Job:
    return Job(given, folder, threads=2, memory_bytes=8 * GIB, overrides=WINDOWS)


WINDOWS = (f"count.window_tokens={WINDOW_TOKENS}",)


@pytest.mark.parametrize("name", WAYS)
def test_every_way_gives_the_pairs_of_a_brute_count(
    name: str, prepared: Prepared, spark: SparkSession, tmp_path: Path
):
    if missing := WAYS[name].missing():
        pytest.skip(f"{name} needs {', '.join(missing)}")
    done = WAYS[name].count(job_for(prepared, tmp_path))
    found = read_answer(done.files, prepared.facts)
    expected = brute_answer(prepared, tmp_path)
    assert found == expected
    assert expected.n_pairs > 100
    assert done.seconds > 0


def test_the_facts_of_an_input_are_those_of_its_rows(prepared: Prepared):
    facts = prepared.facts
    rows = rows_of(prepared)
    sizes = [
        Counter(pq.read_table(prepared.contexts_file(x))["context"].to_pylist()) for x in range(3)
    ]
    assert facts.n_documents == len(rows) == CORPUS.n_documents
    assert facts.n_tokens == sum(len(row["token_ids"]) for row in rows)
    assert facts.n_contexts == len(set().union(*sizes))
    assert facts.pair_events == sum(
        sizes[x][c] * sizes[y][c] for x, y in ((0, 1), (0, 2), (1, 2)) for c in sizes[x]
    )


def test_an_input_is_made_again_only_when_something_changed(tmp_path: Path):
    config = load_recipe(None, [f"languages=[{', '.join(LANGUAGES)}]"])
    vocabulary = zipf.vocabulary(CORPUS)

    def times_drawn(made_from: dict[str, int]) -> int:
        drawn = []
        rows = (drawn.append(1) or batch for batch in zipf.batches(CORPUS))
        prepare(tmp_path / "input", made_from, rows, vocabulary, config, recount=True)
        return len(drawn)

    assert [times_drawn({"seed": 0}), times_drawn({"seed": 0}), times_drawn({"seed": 1})] == [
        1,
        0,
        1,
    ]


def test_a_larger_synthetic_corpus_begins_with_the_smaller_one():
    small, large = (
        [row for batch in zipf.batches(zipf.Zipf(n, words=WORDS)) for row in batch.to_pylist()]
        for n in (1_500, 2_500)
    )
    assert len(small) == 1_500
    assert large[:1_500] == small


# ---- the race --------------------------------------------------------------------------------


@needs_proc
def test_a_way_runs_in_a_process_of_its_own_and_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(counting_race, "REPEAT_SECONDS", 600)
    given = make_input(tmp_path / "input", "document")
    (outcome,) = race(
        {1.0: given},
        [WAYS["scipy"]],
        replace(LIMITS, repeat=2),
        tmp_path,
    )
    assert outcome.status == "counted", outcome.reason
    assert outcome.answer == brute_answer(given, tmp_path)
    assert len(outcome.runs) == 2
    assert outcome.process_seconds > outcome.seconds > 0
    assert outcome.peak_bytes > 10 * 2**20


@needs_proc
@pytest.mark.parametrize(
    ("limits", "status"),
    [(replace(LIMITS, max_seconds=0.1), "too slow"), (replace(LIMITS, max_bytes=1), "too big")],
)
def test_a_way_over_a_limit_is_reported_and_not_tried_on_more(
    limits: Limits, status: str, tmp_path: Path
):
    given = make_input(tmp_path / "input", "document")
    outcomes = list(race({1.0: given, 2.0: given}, [WAYS["dicts"]], limits, tmp_path))
    assert [outcome.status for outcome in outcomes] == [status, "not tried"]
    assert all(outcome.reason for outcome in outcomes)


def test_a_way_that_is_not_installed_says_what_it_needs(tmp_path: Path):
    way = replace(WAYS["polars"], packages=("no_such_package",))
    given = make_input(tmp_path / "input", "document")
    (outcome,) = race({1.0: given}, [way], LIMITS, tmp_path)
    assert outcome.status == "not installed"
    assert "no_such_package" in outcome.reason


@needs_proc
def test_kill_tree_kills_all_descendants():
    script = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", script])
    while len(found := tree(process.pid)) < 2:
        time.sleep(0.01)
    kill_tree(process.pid)
    process.wait()
    while any("Z" not in state_of(pid) for pid in found):
        time.sleep(0.01)


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@needs_proc
def test_the_command_writes_a_page_and_its_figures(tmp_path: Path):
    command = "-m bench.counting --corpus zipf --ways scipy,dicts --sizes 1,2 --documents 60"
    folders = ["--out", str(tmp_path / "results"), "--work", str(tmp_path / "work")]
    done = subprocess.run(
        [sys.executable, *command.split(), "--repeat", "1", *folders],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = tmp_path / "results" / "counting.md"
    assert str(tmp_path) not in page.read_text()
    (section,) = json.loads(page.with_suffix(".json").read_text())["sections"]
    assert [outcome["status"] for outcome in section["outcomes"]] == ["counted"] * 4
    assert section["facts"]["2.0"]["n_documents"] == 120


# ---- results ---------------------------------------------------------------------------------


def results_with(*outcomes: Outcome) -> Results:
    facts = Facts(10, 1_000, 10, 5_000, LANGUAGES, 900, "document", None, 5)
    section = Section(
        "zipf", "Synthetic", "Drawn.", dict.fromkeys((1.0, 2.0, 4.0), facts), outcomes
    )
    return Results(
        "2026-01-02 03:04 UTC",
        "command",
        "0123",
        "a machine",
        {"duckdb": "1"},
        LIMITS,
        (section,),
    )


def counted(way: str, size: float, seconds: float, pairs: int = 7) -> Outcome:
    run = Run(seconds, seconds + 1, int(1e8 * size), 0)
    return Outcome(way, size, 2, "counted", runs=(run,), answer=Answer(pairs, 40, "ff"))


def test_results_are_stored_as_json(tmp_path: Path):
    save(results_with(counted("duckdb", 2.0, 3.0)), tmp_path / "counting.json")
    (section,) = json.loads((tmp_path / "counting.json").read_text())["sections"]
    assert section["facts"]["2.0"]["pair_events"] == 5_000
    assert [run["seconds"] for run in section["outcomes"][0]["runs"]] == [3.0]


def test_a_page_gives_growth_and_why_a_way_did_not_count(tmp_path: Path):
    outcomes = [
        counted(way, size, size) for size in (1.0, 2.0, 4.0) for way in ("pivotmine", "duckdb")
    ]
    results = results_with(*outcomes, Outcome("polars", 4.0, 2, "too slow", "over 60 s"))
    page.write_page(results, tmp_path, "counting")
    text = (tmp_path / "counting.md").read_text()
    assert "| 4x | Polars | 2 | too slow: over 60 s |" in text
    assert "* PivotMine: 1.00, 1.00" in text


def test_ways_that_disagree_are_named():
    agreeing = results_with(counted("pivotmine", 1.0, 1), counted("duckdb", 1.0, 2))
    differing = results_with(counted("pivotmine", 1.0, 1), counted("duckdb", 1.0, 2, pairs=8))
    assert disagreement(agreeing.sections[0]) == ""
    said = disagreement(differing.sections[0])
    assert "7 pairs" in said and "by pivotmine" in said
    assert "8 pairs" in said and "by duckdb" in said


def test_an_answer_depends_on_counts_and_pairs_but_not_on_order(tmp_path: Path):
    a, b, n = np.arange(50), np.arange(50) + 1_000, np.arange(50) + 5
    whole = answer(tmp_path, Pairs(a, b, n))
    parts = Pairs(a[30:], b[30:], n[30:]), Pairs(a[:30], b[:30], n[:30])
    assert answer(tmp_path, *parts) == whole
    swapped = n.copy()
    swapped[[3, 4]] = n[[4, 3]]
    assert answer(tmp_path, Pairs(a, b, swapped)) != whole


def test_growth_exponent_is_the_slope_in_log_space():
    assert growth_exponent([1.0, 2.0, 4.0], [3.0, 6.0, 12.0]) == pytest.approx(1.0)
    assert growth_exponent([1.0, 2.0, 4.0], [3.0, 12.0, 48.0]) == pytest.approx(2.0)
    assert growth_exponent([1.0], [3.0]) is None
