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
    st.text(
        st.characters(
            min_codepoint=0x21,
            max_codepoint=0x7FF,
            exclude_categories=["C", "Z"],
            exclude_characters="¶",
        ),
        min_size=2,
        max_size=2,
    ),
    # A lone private-use character is the glyph of an icon font, and a lone pilcrow a link.
    st.characters(min_codepoint=0x21, exclude_categories=["C", "Z"], exclude_characters="¶"),
)
BLOCKS = ("p", "div", "td", "h1", "h2", "blockquote", "pre", "dd", "li", "figcaption")
INLINE = ("span", "b", "em", "ruby", "rt", "code", "i", "bdi", "time")
MARKS = ("", " class=jp", ' class="lang-jp x"', " class='wa'", " lang=ja")
INLINE_MARKS = (*MARKS, ' class="share"', " rel=tag", " class='banner' id=logo", " itemprop=author")
AROUND = ("<main>{}</main>", "{}", "<div>{}</div>", "<div><div><div>{}</div></div></div>")


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
        marks = draw(st.sampled_from(MARKS))
        outer = {"td": "table><tr", "dd": "dl", "li": "ul", "figcaption": "figure"}.get(block)
        page.append(f"<{outer}><{block}{marks}>" if outer else f"<{block}{marks}>")
        closing = f"</{block}></{outer.partition('>')[0]}>" if outer else f"</{block}>"
        for _ in range(draw(st.integers(1, 4))):
            kind = draw(st.sampled_from(["text", "inline", "comment", "break"]))
            if kind == "text":
                put_text()
            elif kind == "inline":
                tag = draw(st.sampled_from(INLINE))
                marks = INLINE_MARKS if block not in ("div", "figcaption") else MARKS
                page.append(f"<{tag}{draw(st.sampled_from(marks))}>")
                put_text()
                page.append(f"</{tag}>")
            else:
                page.append({"comment": "<!-- 犬 -->", "break": "<br/>"}[kind])
        page.append(closing)
    inside = draw(st.sampled_from(AROUND)).format("".join(page))
    return f"<html><head><title>T</title></head><body>{inside}</body></html>", "".join(seen)


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


LISTS = {
    "a list below the body": "<ul><li>rain</li><li>dog 犬</li></ul>",
    "a list without ends": "<ul><li>rain<li>dog 犬",
    "a list in a list": "<ul><li>rain<ul><li>dog</li></ul></li><li>犬</li></ul>",
    "terms that are links": "<ul><li><a href=x>rain</a> that falls on the dog 犬</li></ul>",
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("around", AROUND)
def test_lists_of_text_are_kept_at_any_depth(name: str, around: str):
    found = extract_text(f"<body><h1>Words</h1>{around.format(LISTS[name])}")
    assert visible(found).startswith("Wordsrain")
    assert "犬" in found


@pytest.mark.parametrize("around", AROUND)
def test_lists_of_links_stay_menus(around: str):
    menu = "<ul><li><a href=a>Home</a></li><li><a href=b>About the site</a></li></ul>"
    assert extract_text(f"<body>{around.format(menu)}<p>Text.</p>") == "Text."


def test_what_is_hidden_and_links_within_a_page_stay_out():
    page = (
        "<p>Seen <span class='hidden share'>not</span><i hidden class=ad>not</i>"
        "<b aria-hidden=true class=logo>not</b> here<a class=headerlink href='#x'>¶</a>.</p>"
    )
    assert extract_text(page) == "Seen here."


def test_an_empty_anchor_of_xhtml_does_not_make_the_rest_a_link():
    text = "<div class='chapter'><div><div><p>The rain falls on the dog.</p></div></div></div>"
    assert extract_text(f"<body><div><a id='ch1'/>{text}</div>") == "The rain falls on the dog."


def test_captions_and_listings_of_figures_are_text():
    page = "<p>See:</p><figure><pre>x = 1\n</pre><figcaption>A listing 猫</figcaption></figure>"
    assert visible(extract_text(page)) == "See:x=1Alisting猫"
