"""The report: well-formed, self-contained, and true to the runs it is made from."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from pivotmine.errors import InputError
from pivotmine.model.cli import app
from pivotmine.model.report.build import report
from pivotmine.model.report.cells import interval
from pivotmine.model.results import Run, read_run, write_json, write_table
from pivotmine.model.words.dataset import WordSet, save
from tests.model.test_attribution import runs as attribution_inputs
from tests.model.test_attribution import term_counts

VOID = {"meta", "input", "br", "link", "img"}


class Balance(HTMLParser):
    """Fails on a tag that is closed out of turn; remembers ids, references and texts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "data", "action"):
                self.references.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data


def estimate(mean: float) -> dict:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "n_words": 12}


def score_run(words: WordSet, path: Path, name: str = "toy <b>") -> Run:
    groups = {"contrast": estimate(1.25), "accuracy_source": estimate(0.75)}
    directions = {"fr-zh": {"all": groups, "form": {"copy": groups}, "frequency": {"rare": groups}}}
    rows = [
        {"direction": "fr-zh", "concept": concept.id, "word": concept.words["fr"],
         "answer": concept.words["zh"], "contrast": 0.5, "accuracy_source": 1.0}
        for concept in words.concepts
    ]  # fmt: skip
    rows[0] |= {"word": "</script><i>", "contrast": math.nan}
    summary = {
        "model": {"name": name, "version": "v"},
        "words": {"version": words.version, "split": "test", "n": len(rows)},
        "settings": {"n_draws": 2, "n_shots": 5},
        "directions": directions,
    }
    return Run(summary, pa.Table.from_pylist(rows), path)


def lens_run(words: WordSet, path: Path) -> Run:
    bands = {
        role: {
            "mean": [0.0, 0.125, None, 0.25],
            "low": [0.0, 0.1, None, 0.2],
            "high": [0.0, 0.15, None, 0.3],
        }
        for role in ("source", "target", "pivot", "control", "other:ja", "gap")
    }
    nothing = {"mean": None, "low": None, "high": None, "n_words": 2}
    kinds = ("pivot", "matched", "near", "pivot_beyond_matched", "pivot_beyond_near")
    lens = {"pivot_layers": [1, 2], "mass_pivot": estimate(0.2), "bands": bands}
    verdict = {"counts": {"pivot": 7, "direct": 5}, "pivot": estimate(0.58)}
    found = {
        "n_words": 12,
        "pivot": "en",
        "logit": lens,
        "centred": {**lens, "pivot_layers": []},
        "behaviours": {"he2025": verdict, "sound": verdict},
        "false_pivots": {"sound": estimate(0.01)},
        "ablation": {
            "all": {kind: estimate(0.4321) for kind in kinds},
            "pivot": dict.fromkeys(kinds, nothing),
            "direct": dict.fromkeys(kinds, nothing),
        },
    }
    summary = {
        "model": {"name": "toy <b>", "version": "v"},
        "words": {"version": words.version, "split": "test"},
        "corrected_lens": "centred",
        "directions": {
            "fr-zh": found,
            "zh-fr": {k: v for k, v in found.items() if k != "ablation"},
        },
        "agreement": {"label": {"sound": {"kappa": estimate(0.55)}}},
    }
    rows = [
        {"direction": "fr-zh", "concept": concept.id, "source": "s", "pivot": "p", "target": "t",
         "sound": "pivot"}
        for concept in words.concepts[:3]
    ]  # fmt: skip
    return Run(summary, pa.Table.from_pylist(rows), path)


def parsed(html: str) -> Balance:
    found = Balance()
    found.feed(html)
    found.close()
    return found


@pytest.fixture(scope="module")
def html(small_words: WordSet) -> str:
    scored = score_run(small_words, Path("scores-a.json"))
    return report([scored], [lens_run(small_words, Path("lens-a.json"))], [])


def test_the_page_is_well_formed_and_loads_nothing_from_outside(html: str):
    found = parsed(html)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert {ref for ref in found.references if not ref.startswith("#")} == set()
    assert {ref[1:] for ref in found.references} <= set(found.ids)
    assert not re.search(r"https?:|url\(|@import", html)
    for picture in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ElementTree.fromstring(picture)
    assert html.count("<figure>") == 2 + 1 + 8 + 1 + 1, "scores, grid, layers, behaviours, causal"


def test_the_page_shows_the_numbers_and_names_of_its_runs(html: str):
    text = parsed(html).text
    for piece in ("1.250 [1.150, 1.350]", "0.43 [0.33, 0.53]", "toy <b>", "lens-a.json", "1–2"):
        assert piece in text
    assert "not measured" in text
    for finding in (
        "Accuracy@1, source: 1 of 1 directions lie above chance.",
        "fr-zh: the pivot reaches 0.25 in layer 3.",
        "fr-zh: the pivot shows at no layer; its best is 0.25 in layer 3.",
        "toy <b>: 58% of 24 words go over a pivot.",
        "toy <b>: the answer depends on the pivot in 1 of 1 directions.",
    ):
        assert finding in text


def test_words_are_data_in_the_page_even_if_they_hold_markup(small_words: WordSet, html: str):
    data = orjson.loads(re.search(r'id="word-data">(.*?)</script>', html, re.DOTALL)[1])
    assert len(data["rows"]) == len(small_words.concepts)
    assert any("</script><i>" in row or "s" in row for row in data["rows"])
    assert any(None in row for row in data["rows"])
    assert len(data["numeric"]) == len(data["rows"][0])
    assert data["rows"][0][data["direction"]] == "fr-zh"


def test_the_same_runs_give_the_same_page(small_words: WordSet):
    made = [report([score_run(small_words, Path("scores-a.json"))], [], []) for _ in range(2)]
    assert made[0] == made[1]


def test_two_models_are_shown_side_by_side(small_words: WordSet):
    both = [score_run(small_words, Path(f"scores-{n}.json"), n) for n in ("one", "two")]
    html = report(both, [], [])
    for name in ("one", "two"):
        assert f'aria-label="fr-zh, {name}: 0.75 [0.65, 0.85]"' in html


def test_accuracy_is_a_grid_with_a_row_for_each_source(html: str):
    shown = set(re.findall(r'aria-label="(from [^"]*)"', html))
    assert shown == {"from fr, to zh: 75%"}
    assert "toy &lt;b&gt; is best from fr to zh, 0.75." in html


def test_an_interval_of_a_proportion_ends_where_proportions_end():
    found = {"mean": 0.831, "low": 0.595, "high": 1.067}
    assert "[0.595, 1.000]" in interval(found, within=(0.0, 1.0))
    assert "[0.595, 1.067]" in interval(found)


def test_an_interval_on_fewer_than_five_words_is_not_shown():
    assert interval({"mean": 0.5, "low": 0.4, "high": 0.6, "n_words": 4}) == "0.500"
    assert "[0.400, 0.600]" in interval({"mean": 0.5, "low": 0.4, "high": 0.6, "n_words": 5})


def test_a_report_of_nothing_is_refused():
    with pytest.raises(InputError, match="nothing to report"):
        report([], [], [])


def test_attribute_and_report_work_from_the_command_line(small_words: WordSet, tmp_path: Path):
    words = tmp_path / "words"
    save(small_words, words, {})
    ids = [concept.id for concept in small_words.concepts]
    scores, lens = attribution_inputs(small_words, dict(zip(ids, range(20), strict=True)), tmp_path)
    table, _ = term_counts(small_words)
    write_table(tmp_path / "term_counts.parquet", table)
    run = CliRunner().invoke
    made = run(app, ["lexicon", "-w", str(words), "-o", str(tmp_path / "words.tsv")])
    assert "120 pairs" in made.output
    done = run(
        app,
        ["attribute", str(tmp_path / "term_counts.parquet"), "-w", str(words), "-o", str(tmp_path),
         "--scores", str(scores.path), "--lens", str(lens.path), "-s",
         "attribution.n_resamples=200", "-s", "attribution.min_group=5"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "40 of 40 word pairs in 2 directions" in done.output.replace("\n", " ")
    page = tmp_path / "report.html"
    attributed = read_run(tmp_path, "attribution")
    shown = run(app, ["report", "--attribution", str(attributed.path), "-o", str(page)])
    assert shown.exit_code == 0, shown.output
    text = parsed(page.read_text()).text
    assert "nothing here shows that co-occurrence causes" in text
    assert 'class="not supported"' not in page.read_text()
    value = attributed.summary["spearman"]["fr-zh"]["windows"]["cooccurrence"]["value"]
    assert f"{value:.3f}" in text


def test_nan_is_shown_as_a_dash(small_words: WordSet, tmp_path: Path):
    run = score_run(small_words, tmp_path / "scores-k.json")
    lost = dict.fromkeys(("mean", "low", "high"), math.nan)
    run.summary["directions"]["fr-zh"]["all"]["contrast"] = {**lost, "n_words": 0}
    write_json(run.path, run.summary)
    write_table(tmp_path / "words-k.parquet", run.words)
    assert "–" in parsed(report([read_run(run.path, "scores")], [], [])).text
