"""Plain tables: text as it is, and a sentence instead of an empty table."""

from __future__ import annotations

import pytest

from pivotmine.show.console import plain_console
from pivotmine.show.tables import print_line, print_table, visible


def printed(*arguments, **options) -> str:
    console = plain_console()
    with console.capture() as capture:
        print_table(console, *arguments, **options)
    return capture.get()


def test_a_table_has_heads_and_cells_as_they_are():
    out = printed("", ("[red]", "n"), [(":cat:", "1")], (1,))
    assert out.split() == ["[red]", "n", ":cat:", "1"]


@pytest.mark.parametrize(("title", "shown"), [("", "no link\n"), ("Links", "\nLinks: no link\n")])
def test_without_rows_there_is_a_sentence(title: str, shown: str):
    assert printed(title, ("a", "b"), [], without_rows="no link") == shown


def test_rows_may_be_an_iterator():
    assert printed("", ("n",), iter([("1",)])).split() == ["n", "1"]


def test_control_characters_become_pictures_one_for_one():
    text = "a\x1b[31m\x07\x9b\tb\n"
    assert visible(text) == "a␛[31m␇\N{REPLACEMENT CHARACTER}\tb\n"
    assert len(visible(text)) == len(text)


def test_a_line_is_not_wrapped():
    console = plain_console()
    with console.capture() as capture:
        print_line(console, "word " * 100)
    assert capture.get() == "word " * 100 + "\n"
