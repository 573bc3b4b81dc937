"""Documents on the terminal: why one was chosen, and the lines in which words meet."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from pivotmine.ask.documents import FoundDocument, Line
from pivotmine.ask.explain import Explanation
from pivotmine.show.tables import print_line, print_table, visible

_STYLES = ("bold cyan", "bold magenta")
"""Of the first and the second word, on a terminal."""


def print_documents(console: Console, words: Sequence[str], found: Sequence[FoundDocument]) -> None:
    """Each document with its source, scores and arms, and its lines with the words marked."""
    if not found:
        print_line(console, f"no document holds {' and '.join(words)}")
        return
    for one in found:
        about = [one.source or "no source", one.type or "type unknown"]
        about += [f"{method} {score:.3f}" for method, score in one.scores.items()]
        print_line(console, f"\n{one.doc_id}: {', '.join(about)}")
        arms = f"in {', '.join(one.arms)}" if one.arms else "in no arm"
        print_line(console, f"{arms}; from {one.uri}")
        width = max(len(f"{line.number:,}") for line in one.lines)
        for line in one.lines:
            _print_marked(console, f"  {line.number:>{width},} {line.lang}  ", line)
        if one.n_lines > len(one.lines):
            print_line(console, f"  {len(one.lines)} of {one.n_lines:,} lines that hold a word")


def print_explanation(console: Console, found: Explanation, limit: int) -> None:
    """One document: where it is, its scores, its best block, its links."""
    kind = found.type or "type unknown"
    for line in (
        f"{found.doc_id}: {kind}, {found.lang}, {found.n_tokens:,} tokens",
        f"from {found.uri}" + (f" ({found.source})" if found.source else ""),
        *(f"in arm {arm} at {position:,}: {reason}" for arm, position, reason in found.places),
    ):
        print_line(console, line)
    cells = [
        (method, f"{score:.3f}", ", ".join(f"{name} {n:.4g}" for name, n in evidence.items()))
        for method, score, evidence in found.scores
    ]
    print_table(console, "Scores", ("method", "score", "made of"), cells, (1,))
    if found.block:
        shown = found.block[:limit]
        title = f"Best block, {len(shown)} of {len(found.block)} segments"
        print_table(console, title, ("", "text"), shown)
    links = [
        (
            *(f"{link.token_a} ({link.lang_a})", f"{link.token_b} ({link.lang_b})"),
            *(f"{link.npmi:.2f}", f"{link.n_ab:,}", f"{link.n_docs:,}"),
        )
        for link in found.links[:limit]
    ]
    heads = ("", "", "npmi", "contexts", "documents")
    title = f"Links, {len(links)} of {len(found.links)}, those of fewest documents first"
    print_table(console, title, heads, links, (2, 3, 4))


def _print_marked(console: Console, start: str, line: Line) -> None:
    """A line with its words in colour on a terminal, else in brackets."""
    if not console.is_terminal:
        print_line(console, start + " ".join(line.marked().split("\n")))
        return
    text = Text(start + visible(line.text).replace("\n", " "))
    for mark in line.marks:
        text.stylize(_STYLES[mark.word], len(start) + mark.start, len(start) + mark.end)
    console.print(text, soft_wrap=True)
