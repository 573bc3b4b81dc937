"""Scores and behaviours joined to counts, and the conclusions from them."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.dictionaries.lexicon import read_lexicon
from pivotmine.errors import InputError
from pivotmine.lake.tables import TERM_COUNTS
from pivotmine.model.attribution.counts import Counts, lexicon_rows, read_counts, write_lexicon
from pivotmine.model.attribution.join import join
from pivotmine.model.attribution.run import attribute
from pivotmine.model.attribution.verdict import standing
from pivotmine.model.config.measuring import AttributionConfig
from pivotmine.model.results import Run, read_run, write_json, write_table
from pivotmine.model.words.dataset import Concept, WordSet, word_set
from pivotmine.text.folding import fold
from tests.handmade import make_lake

CONFIG = AttributionConfig(n_resamples=200, min_group=5)
DIRECTIONS = ("fr-zh", "zh-fr")


@pytest.fixture(scope="module")
def many_words() -> WordSet:
    """Two hundred made-up concepts."""
    langs = ("en", "fr", "zh")
    return word_set(
        [
            Concept(
                id=f"c{n:03}-n",
                words={lang: f"{lang}{n}" for lang in langs},
                split="test",
                zipf=dict.fromkeys(langs, 4.0),
            )
            for n in range(200)
        ]
    )


def term_counts(words: WordSet, effect: bool = True, seed: int = 0) -> tuple[pa.Table, dict]:
    """A lake's counts, and a score for every concept that follows co-occurrence or does not."""
    generator = np.random.default_rng(seed)
    rows = []
    scores = {}
    for concept in words.concepts:
        counted = {lang: int(generator.lognormal(5, 1)) + 5 for lang in concept.words}
        for lang, word in concept.words.items():
            rows.append(row(lang, word, counted[lang]))
        for a, b in (("en", "fr"), ("en", "zh"), ("fr", "zh")):
            n = int(generator.lognormal(2, 1))
            rows.append(row(a, concept.words[a], n, b, concept.words[b], counted[a], counted[b]))
            if (a, b) == ("fr", "zh"):
                noise = generator.normal(0, 0.5)
                scores[concept.id] = (math.log1p(n) if effect else 0) + noise
    return pa.Table.from_pylist(rows, schema=TERM_COUNTS.schema), scores


def row(lang, word, n, lang_b=None, word_b=None, n_a=None, n_b=None) -> dict:
    found = {
        "lang_a": lang,
        "term_a": fold(word),
        "lang_b": lang_b,
        "term_b": fold(word_b) if word_b else None,
        "word_a": word,
        "word_b": word_b,
        "n_listed": 1,
    }
    for context, times in (("n_docs", 1), ("n_windows", 2)):
        for end in ("", "_in_lang"):
            found[f"{context}{end}"] = n * times
            found[f"{context}{end}_a"] = n_a and n_a * times
            found[f"{context}{end}_b"] = n_b and n_b * times
            found[f"{context}{end}_total"] = 10_000 * times
    return found


def runs(words: WordSet, scores: dict, out: Path) -> tuple[Run, Run]:
    """A score run and a lens run as the commands write them."""
    model = {"name": "toy", "version": "v1"}
    versions = {"version": words.version, "split": "test"}
    rows, traces = [], []
    middle = np.median(list(scores.values()))
    for direction in DIRECTIONS:
        for concept, value in scores.items():
            measured = {"contrast": value, "accuracy_source": float(value > middle)}
            rows.append({"direction": direction, "concept": concept, **measured})
            label = "direct" if value > middle else "pivot"
            traces.append({"direction": direction, "concept": concept, "sound": label})
    for name, beside, table in (("scores", "words", rows), ("lens", "traces", traces)):
        write_json(out / f"{name}-k.json", {"model": model, "words": versions})
        write_table(out / f"{beside}-k.parquet", pa.Table.from_pylist(table))
    return read_run(out, "scores"), read_run(out, "lens")


def test_the_lexicon_lists_every_pair_of_languages_and_pivotmine_reads_it(
    small_words: WordSet, tmp_path: Path
):
    n_rows = write_lexicon(small_words, tmp_path / "words.tsv")
    assert n_rows == len(set(lexicon_rows(small_words))) == 6 * len(small_words.concepts)
    lexicon = read_lexicon([str(tmp_path / "words.tsv")], 10_000)
    assert not lexicon.rejects
    assert lexicon.files[0].n_rows == n_rows
    pairs = {
        tuple(sorted([(lexicon.languages[a].as_py(), lexicon.words[a].as_py()),
                      (lexicon.languages[b].as_py(), lexicon.words[b].as_py())]))
        for a, b in zip(lexicon.a, lexicon.b, strict=True)
    }  # fmt: skip
    assert (("en", "milk"), ("zh", "牛奶")) in pairs
    assert (("fr", "lait"), ("ja", "牛乳")) in pairs


def test_a_word_that_a_tsv_cannot_hold_is_refused(tmp_path: Path):
    words = word_set([Concept(id="a-n", words={"en": "a\tb", "fr": "c"}, split="test")])
    with pytest.raises(InputError, match="tab"):
        write_lexicon(words, tmp_path / "words.tsv")


def test_counts_are_found_by_folded_word_in_either_order():
    rows = [row("fr", "Chat", 9), row("en", "cat", 4, "fr", "Chat", 7, 8)]
    counts = Counts(pa.Table.from_pylist(rows, schema=TERM_COUNTS.schema), True, "t")
    assert counts.word("fr", "CHAT") == {"windows": 18, "docs": 9}
    assert counts.word("fr", "chien") is None
    assert counts.pair(("fr", "chat"), ("en", "cat"))["docs"] == (4, 8, 7, 10_000)
    assert counts.pair(("en", "cat"), ("fr", "chat"))["docs"] == (4, 7, 8, 10_000)
    assert counts.partners("fr", "chat", "en") == {"cat"}


def test_incomplete_words_stay_in_the_table_with_the_reason(many_words: WordSet, tmp_path: Path):
    table, scores = term_counts(many_words)
    gone = {("zh", "zh3"), ("fr", "fr4")}
    kept = [
        r
        for r in table.to_pylist()
        if not (r["term_b"] is None and (r["lang_a"], r["term_a"]) in gone)
        and not (r["term_a"] == "fr5" and r["term_b"] == "zh5")
        and not (r["term_a"] == "en6" and r["term_b"] == "zh6")
    ]
    scores["c007-n"] = math.nan
    counts = Counts(pa.Table.from_pylist(kept, schema=TERM_COUNTS.schema), True, "t")
    panels, rows = join(many_words, counts, *runs(many_words, scores, tmp_path), CONFIG)
    assert [str(panel.direction) for panel in panels] == list(DIRECTIONS)
    tally = panels[0].tally
    assert tally["asked"] == 200
    assert tally["analysed"] == 197
    assert tally["left out: target word not counted"] == 1
    assert tally["left out: source word not counted"] == 1
    assert tally["left out: pair not counted"] == 1
    assert tally["no finite score"] == 1
    assert tally["way over a pivot not counted"] == 1
    assert len(rows) == 400
    by_concept = {r["concept"]: r for r in rows if r["direction"] == "fr-zh"}
    assert by_concept["c005-n"]["left_out"] == "pair not counted"
    assert by_concept["c006-n"]["left_out"] == ""
    assert by_concept["c006-n"]["windows_path"] is None


def test_copies_are_left_out_and_counted_in_the_tally(small_words: WordSet, tmp_path: Path):
    concept = next(c for c in small_words.concepts if "zh-ja" in c.copies)
    rows = [{"direction": "zh-ja", "concept": concept.id, "contrast": 1.0, "accuracy_source": 1.0}]
    summary = {"model": {"version": "v"}, "words": {"version": small_words.version}}
    write_json(tmp_path / "scores-k.json", summary)
    write_table(tmp_path / "words-k.parquet", pa.Table.from_pylist(rows))
    counts = Counts(TERM_COUNTS.schema.empty_table(), True, "t")
    panels, told = join(small_words, counts, read_run(tmp_path, "scores"), None, CONFIG)
    assert panels[0].tally["left out: copy form"] == 1
    assert told[0]["left_out"] == "copy form"


def test_the_best_pivot_word_has_the_largest_smaller_count_with_the_two_ends():
    words = word_set([Concept(id="a-n", words={"en": "x", "fr": "f", "zh": "z"}, split="test")])
    rows = [row("fr", "f", 9), row("zh", "z", 9), row("fr", "f", 1, "zh", "z", 9, 9)]
    rows += [row("en", "x", 9, "fr", "f", 9, 9), row("en", "x", 2, "zh", "z", 9, 9)]
    rows += [row("en", "y", 4, "fr", "f", 9, 9), row("en", "y", 5, "zh", "z", 9, 9)]
    counts = Counts(pa.Table.from_pylist(rows, schema=TERM_COUNTS.schema), True, "t")
    run = Run(
        {"words": {"version": words.version}, "model": {"version": "v"}},
        pa.Table.from_pylist([{"direction": "fr-zh", "concept": "a-n", "contrast": 1.0}]),
        Path("scores-k.json"),
    )
    _, told = join(words, counts, run, None, CONFIG)
    assert (told[0]["docs_pivot"], told[0]["docs_path"]) == ("y", 4)
    assert told[0]["windows_together"] == 2
    assert told[0]["docs_pmi"] == pytest.approx(math.log(1.5 * 10_000.5 / 9.5 / 9.5))


def test_a_planted_effect_is_supported_and_its_absence_is_not(many_words: WordSet, tmp_path: Path):
    said = {}
    config = CONFIG.model_copy(update={"n_resamples": 1000})
    for effect in (True, False):
        table, scores = term_counts(many_words, effect)
        out = tmp_path / str(effect)
        found = attribute(
            many_words, Counts(table, True, "t"), *runs(many_words, scores, out), config, out
        )
        primary = [c for c in found["contrasts"] if c["scope"] == "all"]
        said[effect] = {c["claim"]: standing(c) for c in primary}
        assert [c["family"] for c in primary] == ["primary"] * 7
        area = found["auc"]["all"]["correct"]["windows"]["cooccurrence"]
        assert (area["low"] > 0.5) == effect
        beside = found["auc"]["fr-zh"]["correct"]["docs"].keys()
        assert {"source_frequency", "target_frequency", "pmi"} <= beside
        assert len(pq.read_table(next(out.glob("attributed-*.parquet")))) == 400
    held = [claim for claim in said[True] if "pivot path" not in claim]
    assert {said[True][claim] for claim in held} == {"supported"}
    assert set(said[False].values()) == {"not supported"}


def test_the_average_is_over_directions_and_not_over_words(many_words: WordSet, tmp_path: Path):
    table, scores = term_counts(many_words)
    found = attribute(
        many_words, Counts(table, True, "t"), *runs(many_words, scores, tmp_path), CONFIG, tmp_path
    )
    parts = [found["spearman"][d]["windows"]["cooccurrence"]["value"] for d in DIRECTIONS]
    whole = found["spearman"]["all"]["windows"]["cooccurrence"]
    assert whole["value"] == pytest.approx(sum(parts) / 2)
    assert whole["n_words"] == 400
    again = attribute(
        many_words, Counts(table, True, "t"), *runs(many_words, scores, tmp_path), CONFIG, tmp_path
    )
    assert again == found


def test_the_verdict_gives_numbers_and_warnings(many_words: WordSet, tmp_path: Path):
    table, scores = term_counts(many_words)
    found = attribute(
        many_words, Counts(table, True, "t"), *runs(many_words, scores, tmp_path), CONFIG, tmp_path
    )
    text = "\n".join(found["verdict"])
    assert "400 of 400 word pairs in 2 directions" in text
    assert "not what the model was trained on" in text
    assert "causes" in text
    value = found["contrasts"][[c["scope"] for c in found["contrasts"]].index("all")]["value"]
    assert f"{value:.3f}".replace("0.", ".", 1) in text


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (0.1, 0.3, 0.01, "supported"),
        (-0.3, -0.1, 0.01, "contradicted"),
        (0.1, 0.3, 0.06, "not supported"),
        (-0.1, 0.3, 0.2, "not supported"),
        (math.nan, math.nan, math.nan, "not measured"),
    ],
)
def test_a_claim_is_supported_by_the_stated_rule(low, high, p, expected):
    row = {"value": (low + high) / 2, "low": low, "high": high, "p_holm": p}
    assert standing(row) == expected


def test_pairs_that_never_co_occur_count_as_zero_and_give_a_warning(
    many_words: WordSet, tmp_path: Path
):
    table, scores = term_counts(many_words)
    never = {"n_docs_in_lang": 0, "n_windows_in_lang": 0}
    rows = [
        {**r, **never} if (r["lang_a"], r["lang_b"]) == ("fr", "zh") else r
        for r in table.to_pylist()
    ]
    counts = Counts(pa.Table.from_pylist(rows, schema=TERM_COUNTS.schema), True, "t")
    found = attribute(many_words, counts, *runs(many_words, scores, tmp_path), CONFIG, tmp_path)
    assert found["coverage"]["fr-zh"]["never found: together"] == 200
    assert found["coverage"]["fr-zh"]["analysed"] == 200
    assert found["fit"]["all"]["windows"]["constant"] == ["cooccurrence"]
    assert "cooccurrence" not in found["auc"]["all"]["correct"]["windows"]
    assert "target_frequency" in found["auc"]["all"]["correct"]["windows"]
    text = "\n".join(found["verdict"])
    assert "400 of 400 pairs (100%) never meet in this corpus" in text
    assert "Score rises with co-occurrence, frequencies held fixed: not measured" in text


def test_too_few_resamples_for_any_contrast_give_a_warning(many_words: WordSet, tmp_path: Path):
    table, scores = term_counts(many_words)
    found = attribute(
        many_words, Counts(table, True, "t"), *runs(many_words, scores, tmp_path), CONFIG, tmp_path
    )
    assert any("200 resamples cannot make any of 7 contrasts" in x for x in found["verdict"])


def test_too_few_wrong_words_give_no_auc(many_words: WordSet, tmp_path: Path):
    table, scores = term_counts(many_words)
    config = CONFIG.model_copy(update={"min_group": 101})
    found = attribute(
        many_words, Counts(table, True, "t"), *runs(many_words, scores, tmp_path), config, tmp_path
    )
    assert not found["auc"]["all"]
    assert any("not measured" in line for line in found["verdict"])


def test_runs_of_other_words_or_models_are_refused(many_words: WordSet, tmp_path: Path):
    table, scores = term_counts(many_words)
    first, second = runs(many_words, scores, tmp_path)
    other = word_set(many_words.concepts[:-1])
    counts = Counts(table, True, "t")
    with pytest.raises(InputError, match="measured on word set"):
        join(other, counts, first, None, CONFIG)
    second.summary["model"]["version"] = "v2"
    with pytest.raises(InputError, match="different models"):
        join(many_words, counts, first, second, CONFIG)
    with pytest.raises(InputError, match="nothing to attribute"):
        join(many_words, counts, None, None, CONFIG)


def test_a_file_without_counts_is_explained(tmp_path: Path):
    with pytest.raises(InputError, match="no lake at"):
        read_counts(tmp_path / "nothing")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="it lacks lang_a"):
        read_counts(tmp_path / "other.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"no")
    with pytest.raises(InputError, match="cannot be read"):
        read_counts(tmp_path / "broken.parquet")


def test_counts_come_from_an_export_too(many_words: WordSet, tmp_path: Path):
    table, _ = term_counts(many_words)
    pq.write_table(table, tmp_path / "term_counts.parquet")
    counts = read_counts(tmp_path / "term_counts.parquet")
    assert (counts.n_words, counts.n_pairs) == (600, 600)
    assert counts.totals == {"windows": 20_000, "docs": 10_000}


def test_counts_come_from_a_committed_lake(many_words: WordSet, tmp_path: Path):
    table, _ = term_counts(many_words)
    make_lake(tmp_path / "lake", term_counts=table.to_pylist())
    (tmp_path / "corpus.yaml").write_text(f"lake: {{warehouse: {tmp_path / 'lake'}}}\n")
    for path in (tmp_path / "lake", tmp_path / "corpus.yaml"):
        counts = read_counts(path)
        assert (counts.n_words, counts.n_pairs) == (600, 600)
    make_lake(tmp_path / "empty", links=[])
    with pytest.raises(InputError, match=r"terms\.lexicons"):
        read_counts(tmp_path / "empty")


def test_words_can_be_counted_in_any_text_or_in_text_of_their_language():
    one = {**row("fr", "chat", 9), "n_docs_in_lang": 4}
    table = pa.Table.from_pylist([one], schema=TERM_COUNTS.schema)
    assert Counts(table, True, "t").word("fr", "chat") == {"windows": 18, "docs": 4}
    assert Counts(table, False, "t").word("fr", "chat") == {"windows": 18, "docs": 9}


def test_a_missing_run_is_explained(tmp_path: Path):
    with pytest.raises(InputError, match="holds no scores"):
        read_run(tmp_path, "scores")
    (tmp_path / "scores-a.json").write_text("{}")
    with pytest.raises(InputError, match=r"words-a\.parquet is missing"):
        read_run(tmp_path, "scores")
    (tmp_path / "scores-b.json").write_text("{}")
    os.utime(tmp_path / "scores-a.json", (0, 0))
    with pytest.raises(InputError, match=r"words-b\.parquet is missing"):
        read_run(tmp_path, "scores")
    with pytest.raises(InputError, match="begins with `lens-`"):
        read_run(tmp_path / "scores-a.json", "lens")


def test_attribution_imports_neither_spark_nor_torch():
    modules = ("cli", "attribution.run", "attribution.counts", "evaluation.run", "report.build")
    code = (
        f"import sys, {', '.join(f'pivotmine.model.{name}' for name in modules)};"
        "bad = [m for m in ('pyspark', 'torch', 'pivotmine.engine.runner') if m in sys.modules];"
        "bad += [m for m in sys.modules if m.startswith('pivotmine.stages.road')];"
        "print(bad); sys.exit(bool(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
