"""The bench of extractors tells blocks that are whole from those that are cut."""

from __future__ import annotations

import pytest

pytest.importorskip("trafilatura", reason="of extra `bench`")
pytest.importorskip("selectolax", reason="of extra `bench`")

from bench.html_extraction import EXTRACTORS, blocks_of, draw, fate, squeezed

PAGE = (
    "<html><head><title>T</title></head><body><nav><ul><li><a href=x>Menu</a></li></ul></nav>"
    "<h1>Rain</h1><p>On <time>3 May</time> the rain fell on the dog.</p><p hidden>not seen</p>"
    "<table><tr><td>\u732b</td><td>cat</td></tr></table><script>x</script></body></html>"
)


def test_blocks_are_those_that_hold_no_other():
    assert list(blocks_of(PAGE)) == [
        ("li", ["Menu"]),
        ("h1", ["Rain"]),
        ("p", ["On", "3May", "therainfellonthedog."]),
        ("td", ["cat"]),
    ]


def test_a_block_is_whole_cut_or_absent():
    nodes = ["On", "3May", "therainfellonthedog."]
    assert fate(nodes, "xOn3Maytherainfellonthedog.y") == "whole"
    assert fate(nodes, "Ontherainfellonthedog.") == "cut"
    assert fate(nodes, "On") == "absent"


def test_every_extractor_reads_a_page():
    for name, extract in EXTRACTORS.items():
        assert "therainfellonthedog." in squeezed(extract(PAGE)), name


def test_pages_are_drawn_from_all_folders(tmp_path):
    for name, n in (("small", 2), ("large", 9)):
        (tmp_path / name).mkdir()
        for number in range(n):
            (tmp_path / name / f"{number}.html").write_text(PAGE)
    drawn = draw([tmp_path / "small", tmp_path / "large"], 6)
    assert [path.parent.name for path in drawn] == ["small"] * 2 + ["large"] * 4
