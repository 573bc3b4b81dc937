"""How lists are cut into pages."""

from hypothesis import given
from hypothesis import strategies as st

from pivotmine.demo.documents import Entry, Pair, deal, even_pages, reading_form

SIZES = st.integers(0, 200)
MOST = st.integers(1, 40)


@given(SIZES, MOST)
def test_even_pages_keep_every_item_in_order_in_the_fewest_pages(n: int, most: int) -> None:
    pages = list(even_pages(range(n), most))
    assert [item for page in pages for item in page] == list(range(n))
    assert len(pages) == -(-n // most)
    assert all(len(page) <= most for page in pages)
    assert max(map(len, pages), default=0) - min(map(len, pages), default=0) <= 1


@given(SIZES, MOST)
def test_dealing_keeps_every_item_and_separates_neighbours(n: int, most: int) -> None:
    pages = list(deal(range(n), most))
    assert sorted(item for page in pages for item in page) == list(range(n))
    assert len(pages) == -(-n // most)
    assert all(len(page) <= most for page in pages)
    page_of = {item: number for number, page in enumerate(pages) for item in page}
    if len(pages) > 1:
        assert all(page_of[item] != page_of[item + 1] for item in range(n - 1))


def test_a_translation_stands_below_its_text() -> None:
    assert reading_form([Pair("a", "甲"), Pair("b", "乙")]) == "a\n甲\nb\n乙"


def test_an_entry_is_one_line() -> None:
    assert Entry("水", ("water", "river")).line() == "水 — water; river"
