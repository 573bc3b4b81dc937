"""The look of pages: colours, charts and their drawing, the shell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.show.look import charts, curves
from pivotmine.show.look.charts import Estimate
from pivotmine.show.look.curves import Line
from pivotmine.show.look.drawing import beside, drawn, titled, write_figure
from pivotmine.show.look.grammar import Spec
from pivotmine.show.look.page import Section, assets, embedded, figure, html, page, table
from pivotmine.show.look.palette import (
    MARK_CONTRAST,
    N_RAMP,
    OKABE_ITO,
    TEXT_CONTRAST,
    THEMES,
    colours,
    contrast,
    ramp,
    resolved,
)

HOSTILE = '</script><img src=x onerror=alert(1)> "]} \\ {{7*7}} 猫 {0}'
ROWS = [
    Estimate("fr-zh", 0.9, 0.5, 1.4, HOSTILE),
    Estimate("fr-zh", 0.2, -0.3, 0.6, "plain"),
    Estimate(HOSTILE, None, None, None, "plain"),
]
PARTS = [("mine", {"en": 3.0, HOSTILE: 1.0}), (HOSTILE, {"en": 1.0, "others": 2.0})]
BANDS = [Line(HOSTILE, [0.1, None, 0.4], [0.0, None, -1.0], [0.2, None, 2.0]),
         Line("plain", [0.1, 0.2, float("nan")], [None] * 3, [None] * 3)]  # fmt: skip
SPECS: dict[str, Spec] = {
    "dots": charts.dots(ROWS, HOSTILE, null=0.1, null_name="chance", within=(0, 1)),
    "bars": charts.bars(ROWS, "share", within=(0, 1), percent=True),
    "stacked": charts.stacked(PARTS, "tokens", percent=False, marker=2, marker_name="floor"),
    "matrix": charts.matrix(["en", HOSTILE], [(HOSTILE, [0.0, None]), ("fr", [1.0, 0.5])]),
    "lines": curves.lines(
        BANDS, [1, 10, 100], "up", "across", within=(0, 1), marked=(5, 20), null=0.1, log=("x",)
    ),
    "histogram": curves.histogram([0, 1, 2], [5, 9], "score", marker=1.5, marker_name=HOSTILE),
    "scatter": curves.scatter([(0, 1, HOSTILE), (1, 2, "a"), (2, 0, "b")], "up", "across"),
}
HEX = re.compile(r"#[0-9a-f]{6}")


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_marks_of_a_theme_have_contrast_to_their_grounds(theme: str):
    found = THEMES[theme]
    for text in ("ink", "soft", "mark", "good", "bad"):
        assert contrast(found[text], found["ground"]) >= TEXT_CONTRAST
        assert contrast(found[text], found["shade"]) >= TEXT_CONTRAST
    for mark in (*OKABE_ITO, *(f"{name}-2" for name in OKABE_ITO), "grey"):
        assert contrast(found[mark], found["ground"]) >= MARK_CONTRAST
    over = [name for name in found if f"on-{name}" in found]
    assert len(over) == 2 * len(OKABE_ITO) + 1 + N_RAMP
    for name in over:
        assert contrast(found[f"on-{name}"], found[name]) >= TEXT_CONTRAST


def test_contrast_is_that_of_its_definition():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#0072b2", "#0072b2") == 1


NAMES = st.lists(st.text(max_size=8), unique=True, max_size=16)


@given(NAMES, st.randoms())
def test_names_get_one_colour_each_whatever_their_order(names: list[str], random):
    chosen = colours(names)
    assert list(chosen) == names
    coloured = [colour for colour in chosen.values() if colour != "var(--grey)"]
    assert len(set(coloured)) == len(coloured)
    random.shuffle(names)
    assert colours(names) == chosen


def test_frequent_names_keep_their_colour_beside_any_others():
    alone = colours(["fr"])["fr"]
    assert all(colours([*"abcdefgh", "fr", "zh"])["fr"] == alone for _ in range(2))
    assert colours(["others"])["others"] == "var(--grey)"


def test_colours_are_the_same_in_another_process():
    code = "from pivotmine.show.look.palette import *; print(colours(['x', 'mine', 'w', 'fr']))"
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == str(colours(["x", "mine", "w", "fr"]))


@pytest.mark.parametrize("name", SPECS)
def test_a_specification_follows_the_schema_and_loads_nothing(name: str):
    altair = pytest.importorskip("altair")
    altair.LayerChart.from_dict(SPECS[name])
    assert re.findall(r'"(?:url|href)"', json.dumps(SPECS[name])) == []


@pytest.mark.parametrize("name", SPECS)
def test_a_chart_is_drawn_as_text_whatever_its_names_hold(name: str):
    svg = drawn(SPECS[name], HOSTILE)
    root = ElementTree.fromstring(svg)
    allowed = {"svg", "g", "path", "rect", "line", "text", "tspan", "circle"}
    assert {element.tag for element in root.iter()} <= allowed
    attributes = {key for element in root.iter() for key in element.attrib}
    assert [key for key in attributes if key.startswith("on") or key in ("href", "id")] == []
    assert root.attrib["aria-label"] == HOSTILE
    sizes = {float(text.attrib["font-size"][:-2]) for text in root.iter("text")}
    assert min(sizes) >= 14
    assert svg == drawn(SPECS[name], HOSTILE), "same numbers, same bytes"


@pytest.mark.parametrize("name", SPECS)
def test_a_page_draws_in_colours_of_its_theme_only(name: str):
    svg = drawn(SPECS[name], "chart")
    used = set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg))
    assert {colour for colour in used if not colour.startswith("var(--")} <= {"none", "transparent"}
    named = set(re.findall(r"var\(--([\w-]+)\)", svg))
    assert named <= set(THEMES["light"])


def test_intervals_of_proportions_end_at_0_and_1():
    numbers = re.findall(r'"(?:low|high)": (-?[\d.]+)', json.dumps([SPECS["dots"], SPECS["lines"]]))
    assert {"0", "1"} <= set(numbers)
    assert all(0 <= float(number) <= 1 for number in numbers)
    domains = re.findall(r'"domain": \[(-?[\d.]+), (-?[\d.]+)\]', json.dumps(SPECS["dots"]))
    assert domains
    assert all(float(low) >= 0 and float(high) <= 1 for low, high in domains)


def test_a_row_without_a_value_says_so():
    texts = [element.text for element in ElementTree.fromstring(drawn(SPECS["dots"], "")).iter()]
    assert "not measured" in texts


def test_larger_values_are_farther_to_the_right():
    spec = charts.dots([Estimate(str(v), v, v - 0.1, v + 0.1) for v in (-1.0, 0.2, 3.0)], "t")
    symbols = drawn(spec, "").split("mark-symbol")[1]
    points = re.findall(r'symbol" transform="translate\(([\d.]+)', symbols)
    assert len(points) == 3
    assert sorted(points, key=float) == points


def test_a_legend_is_drawn_where_colours_need_one():
    one = charts.dots([Estimate("a", 1.0), Estimate("b", 2.0)], "t")
    rows = charts.dots([Estimate("a", 1.0, series="a"), Estimate("b", 2.0, series="b")], "t")
    two = charts.dots([Estimate("a", 1.0, series="x"), Estimate("a", 2.0, series="y")], "t")
    assert ["role-legend" in drawn(spec, "") for spec in (one, rows, two)] == [False, False, True]


def test_shares_become_darker_on_a_light_ground_and_lighter_on_a_dark_one():
    for theme, sign in (("light", -1), ("dark", 1)):
        shades = [resolved(ramp(n / 20), theme) for n in range(21)]
        light = [contrast(shade, "#000000") for shade in shades]
        assert light == sorted(light, reverse=sign < 0)
        assert ramp(-1) == ramp(0.0)
        assert ramp(2) == ramp(1.0)


def test_figures_are_written_as_files_with_colours_of_their_own(tmp_path):
    for theme in THEMES:
        spec = beside([titled(SPECS["dots"], HOSTILE, "note"), SPECS["lines"]])
        for suffix in (".svg", ".png", ".pdf"):
            write_figure(spec, tmp_path / f"{theme}{suffix}", theme)
        svg = (tmp_path / f"{theme}.svg").read_text(encoding="utf-8")
        assert "var(--" not in svg
        assert THEMES[theme]["ground"] in svg
        write_figure(spec, tmp_path / "again.svg", theme)
        assert (tmp_path / "again.svg").read_text(encoding="utf-8") == svg
    with pytest.raises(InputError, match=r"name the figure \.svg, \.png, \.pdf"):
        write_figure(SPECS["dots"], tmp_path / "dots.txt")


def test_a_page_escapes_what_is_put_into_it_and_loads_nothing():
    rows = [[HOSTILE, html("<b>{}</b>", HOSTILE)]]
    body = figure(SPECS["dots"], HOSTILE, HOSTILE, table([HOSTILE, "n"], rows, HOSTILE, folded="n"))
    made = page(HOSTILE, html("<p>{}</p>", HOSTILE), [Section("a", HOSTILE, body)])
    assert "<img" not in made
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", made)[0]
    assert re.findall(r"https?:|url\(|@import", made) == []
    assert made.count("<script>") == made.count("</script>") == 1
    assert "</script><i>" not in embedded("x", ["</script><i>"])


def test_the_style_writes_no_text_smaller_than_14_pixels():
    style = assets()["look.css"].split("@media print")[0]
    assert min(float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", style)) >= 14
    assert set(re.findall(r"var\(--([\w-]+)\)", style)) <= set(THEMES["light"])


def test_intervals_of_a_wide_table_go_below_their_values():
    assert 'class="wide"' in table([str(n) for n in range(9)], [])
    assert "wide" not in table([str(n) for n in range(8)], [])
