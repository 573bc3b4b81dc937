"""HTML: no visible character of a kept block is lost."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.sources.html import extract_text, html_to_text

# One character each of Han, kana, Hangul, Thai, Devanagari, punctuation, and of 1, 2 and 4 bytes.
SINGLES = "猫のネ한กक“—…。x;é\N{GRINNING FACE}𠮷"
CELLS = st.one_of(
    st.sampled_from(SINGLES),
    st.text(st.sampled_from(SINGLES + "ab "), min_size=1, max_size=4),
    # A lone private-use character is the glyph of an icon font, and a lone pilcrow a link.
    st.characters(min_codepoint=0x21, exclude_categories=["C", "Z"], exclude_characters="¶"),
)
BLOCKS = ("p", "div", "td", "h1", "h2", "blockquote", "pre", "dd")
INLINE = ("span", "b", "em", "ruby", "rt", "code", "i", "bdi")


def visible(text: str) -> str:
    return "".join(text.split())


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, str]:
    """A page, and its visible characters without white space."""
    page, seen = [], []

    def put_text() -> None:
        text = draw(CELLS)
        written = html.escape(text)
        if draw(st.booleans()):
            written = "".join(f"&#{ord(character)};" for character in text)
        space = st.sampled_from(["", " ", "\n\t"])
        page.append(draw(space) + written + draw(space))
        seen.append(text)

    for _ in range(draw(st.integers(1, 5))):
        block = draw(st.sampled_from(BLOCKS))
        opening = {"td": "<table><tr><td>", "dd": "<dl><dd>"}.get(block, f"<{block}>")
        closing = {"td": "</td></tr></table>", "dd": "</dd></dl>"}.get(block, f"</{block}>")
        page.append(opening)
        for _ in range(draw(st.integers(1, 4))):
            kind = draw(st.sampled_from(["text", "inline", "comment", "break"]))
            if kind == "text":
                put_text()
            elif kind == "inline":
                tag = draw(st.sampled_from(INLINE))
                page.append(f"<{tag}>")
                put_text()
                page.append(f"</{tag}>")
            else:
                page.append({"comment": "<!-- 犬 -->", "break": "<br/>"}[kind])
        page.append(closing)
    return f"<html><body><main>{''.join(page)}</main></body></html>", "".join(seen)


@given(pages())
def test_every_visible_character_of_kept_blocks_appears_in_order(case: tuple[str, str]):
    page, seen = case
    assert visible(extract_text(page)) == visible(seen)
    assert visible(extract_text(page, whole=True)) == visible(seen)


@pytest.mark.parametrize("word", SINGLES)
def test_a_cell_of_one_character_is_kept_whatever_its_script(word: str):
    cells = f"<body><main><table><tr><td>{word}</td><td>cat</td><td>chat</td></tr></table></main>"
    assert html_to_text(cells.encode()).text.split() == [word, "cat", "chat"]


def test_ruby_keeps_the_characters_between_its_tags():
    page = (
        "<p><ruby>東<rp>(</rp><rt>とう</rt><rp>)</rp></ruby>の"
        "<ruby>駅<rt>え</rt></ruby>を<b>売</b>る"
    )
    assert html_to_text(page.encode()).text == "東(とう)の駅えを売る"


def test_glyphs_of_icon_fonts_and_marks_of_links_to_headings_are_left_out():
    page = "<body><p>Text<i>\ue001</i> of the page<a href='#x'>¶</a><i>&#xf101;</i>.</p>"
    assert html_to_text(page.encode()).text == "Text of the page."


def test_noncharacters_of_a_page_stay():
    every = "".join(map(chr, range(0xFDD0, 0xFDF0)))
    assert extract_text(f"<p>{every[0]}a<b>猫</b>") == f"{every[0]}a猫"
    assert extract_text(f"<p>{every}<b>猫</b>") == f"{every}猫"
