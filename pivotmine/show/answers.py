"""Answers about words, as tables: links, bridges, words that are reached, words of a lexicon."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.console import Console

from pivotmine.ask.bridges import Bridges, Reached
from pivotmine.ask.cooccurrence import Cooccurrence
from pivotmine.ask.lexicon import Translation
from pivotmine.ask.links import Partner
from pivotmine.lake.query import WordTokens
from pivotmine.show.tables import print_table


def print_links(console: Console, word: str, found: Sequence[Partner]) -> None:
    """The partners of a word, each with the evidence of its link."""
    cells = [
        (
            *(one.word, one.lang, one.partner, one.partner_lang),
            *(f"{one.n_ab:,}", f"{one.expected:.1f}", f"{one.npmi:.2f}", f"{one.g2:,.0f}"),
            *(f"{one.q_value:.1e}", str(one.rank)),
            *("yes" if one.prevails else "no", "yes" if one.is_copy else ""),
        )
        for one in found
    ]
    heads = [*("word", "lang", "partner", "lang", "together", "expected", "npmi", "G2", "q-value")]
    heads += ["rank", "prevails", "copy"]
    nothing = f"no link joins {word} to a word of another language"
    print_table(console, "", heads, cells, range(4, 10), without_rows=nothing)


def print_translations(console: Console, word: str, found: Sequence[Translation]) -> None:
    """The translations of a word, each with its evidence."""
    cells = [
        (
            *(one.word, one.lang, one.translation, one.translation_lang),
            *(f"{one.weight:.2f}", f"{one.n_translated:,.1f}", f"{one.n_ab:,}"),
            *(f"{one.expected:.1f}", f"{one.n:,}", f"{one.n_partner:,}"),
            "yes" if one.is_copy else "",
        )
        for one in found
    ]
    heads = [*("word", "lang", "translation", "lang", "weight", "translated", "together")]
    heads += ["expected", "word in", "translation in", "copy"]
    nothing = f"no word of another language was met beside {word}"
    print_table(console, "", heads, cells, range(4, 10), without_rows=nothing)


def print_bridges(console: Console, bridges: Bridges) -> None:
    """The bridges of a word pair with the evidence of both sides, and where paths lead."""
    source, target = bridges.source, bridges.target
    console.print(f"\n{_describe(source)} → {_describe(target)}", markup=False, highlight=False)
    direct = bridges.direct.to_pylist()
    if direct:
        best = direct[0]
        console.print(
            f"linked directly: together in {best['n_ab']:,} contexts, {best['expected']:.1f} "
            f"expected, npmi {best['npmi']:.2f}, q {best['q_value']:.1e}",
            highlight=False,
            soft_wrap=True,
        )
    else:
        console.print("no direct link", highlight=False)
    for lang, place, n_reached in bridges.places:
        if place is None:
            found = f"not among the {n_reached:,} tokens of {lang}"
        else:
            found = f"number {place:,} of {n_reached:,} tokens of {lang}"
        line = f"through other languages: {found} that {source.word} reaches"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    cells = [(row["token"], row["lang"], *_path(row)) for row in bridges.pivots.to_pylist()]
    sides = (f"npmi {source.word}", "met", f"npmi {target.word}", "met")
    heads = ("bridge", "lang", "score", "prevails", *sides)
    nothing = f"no token bridges {source.word} and {target.word}"
    print_table(console, "", heads, cells, range(2, 8), without_rows=nothing)


def print_reached(console: Console, reached: Reached) -> None:
    """The words that a word reaches through other languages, with the best path to each."""
    source, lang = reached.source, reached.lang
    console.print(f"\n{_describe(source)} → {lang}", markup=False, highlight=False)
    cells = [
        (row["token"], row["bridge"], row["bridge_lang"], *_path(row), f"{row['n_bridges']:,}")
        for row in reached.targets.to_pylist()
    ]
    heads = (lang, "through", "lang", "score", "prevails", "npmi", "met", "npmi", "met", "bridges")
    nothing = f"no path leads from {source.word} to {lang}"
    print_table(console, "", heads, cells, range(3, 10), without_rows=nothing)


def print_cooccurrence(console: Console, found: Sequence[Cooccurrence]) -> None:
    """How often the words of each pair meet, one table a pair."""
    for (lang_a, term_a, lang_b, term_b), tables in groupby(
        found, key=lambda table: (table.lang_a, table.term_a, table.lang_b, table.term_b)
    ):
        cells = [
            (
                f"{table.context}s",
                _WHERE[table.where],
                f"{table.n_ab:,}",
                f"{table.n_a:,}",
                f"{table.n_b:,}",
                f"{table.n:,}",
                f"{table.expected:,.1f}",
                "" if table.npmi is None else f"{table.npmi:.2f}",
                f"{table.g2:,.0f}",
            )
            for table in tables
        ]
        heads = ("", "", "together", term_a, term_b, "of", "expected", "npmi", "G2")
        title = f"{term_a} ({lang_a}) and {term_b} ({lang_b})"
        print_table(console, title, heads, cells, range(2, 9))


def _path(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{row['score']:.3f}",
        "yes" if row["prevails"] else "no",
        f"{row['source_npmi']:.2f}",
        f"{row['source_n_ab']:,}",
        f"{row['target_npmi']:.2f}",
        f"{row['target_n_ab']:,}",
    )


_WHERE = {"anywhere": "anywhere", "in_lang": "in its language"}


def _describe(word: WordTokens) -> str:
    spellings = (
        f"{token} ({' '.join(langs) or 'no language'})"
        for token, langs in zip(word.tokens, word.langs, strict=True)
    )
    return f"{word.word}: {', '.join(spellings)}"
