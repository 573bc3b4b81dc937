"""What is found in pages that give one language after the other.

```
python -m bench.block_layouts .pivotmine/demo/lake .pivotmine/demo/lexicon.tsv --pair en-fr
```

Takes the bilingual pages of a lake, joins a few of one source to a long page, and lays them out
line by line, as they are, and in blocks, all lines of one language after all lines of the other. A
share of the lines of the second language is left out of the blocks, so that lines do not answer
each other. Both are cut into windows, and blocks also beside each other. Each is mined by the
kernels of the link stage, and compared with known translations.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import Annotated, Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import typer
from blake3 import blake3

from bench.link_rates.mining import mine
from bench.tables import markdown, share
from pivotmine.judge.truth import Truth, read_truth
from pivotmine.judge.vocabulary import token_words
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TOKENS
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.node_columns import CutColumns, node_columns
from pivotmine.numeric.nodes import NodeTable, node_table
from pivotmine.recipe.linking import LinkConfig
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.console import plain_console, run_app
from pivotmine.stages.contexts.cutting import document_folds, source_hashes
from pivotmine.stages.contexts.mixed_contexts import build_contexts

_COLUMNS = ("doc_id", "source", "token_ids", "segment_ends", "segment_langs")
_WINDOW_TOKENS, _SHARE, _N_FOLDS = 256, 0.05, 4

Line = tuple[str, list[int]]
"""Language and tokens."""


class Page(NamedTuple):
    """A page and its lines in the two languages."""

    doc_id: str
    source: str
    lines: list[Line]


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    lake: Annotated[str, typer.Argument(help="Warehouse folder of a lake with vocabulary.")],
    lexicon: Annotated[list[str], typer.Argument(help="Known translations, as `evaluate` reads.")],
    pair: Annotated[str, typer.Option(help="Language pair.")] = "en-fr",
    together: Annotated[int, typer.Option(help="Pages that are joined to one.")] = 6,
    dropped: Annotated[float, typer.Option(help="Share of second lines left out.")] = 0.1,
) -> None:
    """Contexts, links and their precision and recall, by layout; prints Markdown."""
    connection = connect(Lake(load_recipe(None, [f"lake.warehouse={lake}"]).lake))
    langs = tuple(pair.split("-"))
    pages = list(joined(bilingual_pages(connection, langs), together))
    blocks = [in_blocks(page, langs, dropped) for page in pages]
    words = words_of(connection, langs)
    truth = read_truth(lexicon)
    rows = []
    for name, layout, beside in (
        ("line by line, windows", pages, False),
        ("line by line, with blocks beside each other", pages, True),
        ("blocks, windows", blocks, False),
        ("blocks beside each other", blocks, True),
    ):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        contexts = cut(layout, langs, words, beside)
        took = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
        found = judged(contexts, langs, words, truth)
        rows.append(
            [name, f"{len(contexts.folds):,}", *found, f"{took:.1f}"],
        )
    console = plain_console()
    console.print(f"{len(pages):,} pages of {pair}\n")
    header = ("layout", "contexts", "links", "precision", "recall", "prevailing", "precision",
              "recall", "cutting, processor s")  # fmt: skip
    console.print("\n".join(markdown(header, rows)))


def bilingual_pages(
    connection: duckdb.DuckDBPyConnection, langs: tuple[str, ...]
) -> Iterator[Page]:
    """Pages with lines of both languages, by source and id."""
    rows = connection.sql(
        f"SELECT {', '.join(_COLUMNS)} FROM tokens WHERE list_contains(segment_langs, '{langs[0]}')"
        f" AND list_contains(segment_langs, '{langs[1]}') ORDER BY source, doc_id"
    ).to_arrow_table()
    for row in rows.to_pylist():
        starts = [0, *row["segment_ends"]]
        spans = zip(row["segment_langs"], starts, row["segment_ends"], strict=False)
        lines = [(lang, row["token_ids"][start:end]) for lang, start, end in spans if lang in langs]
        yield Page(row["doc_id"], row["source"] or "", lines)


def joined(pages: Iterator[Page], together: int) -> Iterator[Page]:
    """Pages of one source as one."""
    by_source: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        by_source[page.source].append(page)
    for source, of_source in by_source.items():
        for start in range(0, len(of_source) - together + 1, together):
            parts = of_source[start : start + together]
            yield Page(parts[0].doc_id, source, [line for part in parts for line in part.lines])


def in_blocks(page: Page, langs: tuple[str, ...], dropped: float) -> Page:
    """All lines of the first language, then those of the second but for a share of them."""
    first, second = ([line for line in page.lines if line[0] == lang] for lang in langs)
    kept = [
        line
        for number, line in enumerate(second)
        if int.from_bytes(blake3(f"{page.doc_id} {number}".encode()).digest(4)) >= dropped * 2**32
    ]
    return page._replace(lines=first + kept)


class Words(NamedTuple):
    """The nodes of both languages, numbered as `mine` wants them."""

    nodes: NodeTable
    n: int
    """Nodes of each language."""
    names: dict[tuple[str, int], str]
    """Folded word of a token in a language; fragments have none."""


def words_of(connection: duckdb.DuckDBPyConnection, langs: tuple[str, ...]) -> Words:
    """Every token is a node of both languages, so that node i is token i, or i minus their number.

    Tokens that are no word of a language have no node in text of it.
    """
    (n,) = connection.execute("SELECT max(token_id) + 1 FROM vocabulary").fetchone() or (0,)
    nodes = node_table(np.tile(np.arange(n, dtype=np.int32), 2),
                       np.repeat(np.array([0, 1], np.int8), n), n, 2)  # fmt: skip
    names = {}
    is_word = np.zeros((3, n), np.bool_)
    for found in token_words(connection):
        if found.lang in langs:
            is_word[langs.index(found.lang), found.token_id] = True
            if found.word:
                names[found.lang, found.token_id] = found.word
    node_of = np.where(is_word, nodes.node_of, 2 * n).astype(np.int32)
    return Words(nodes._replace(node_of=node_of), n, names)


def cut(pages: list[Page], langs: tuple[str, ...], words: Words, beside: bool) -> FoldedContexts:
    """Contexts of some pages."""
    rows: list[dict[str, Any]] = [
        {
            "doc_id": page.doc_id,
            "source": page.source,
            "token_ids": [token for _, tokens in page.lines for token in tokens],
            "segment_ends": list(accumulate(len(tokens) for _, tokens in page.lines)),
            "segment_langs": [lang for lang, _ in page.lines],
        }
        for page in pages
    ]
    schema = pa.schema([TOKENS.schema.field(name) for name in _COLUMNS])
    batch = pa.RecordBatch.from_pylist(rows, schema=schema)
    found: CutColumns = node_columns(batch, langs, words.nodes, _WINDOW_TOKENS, _SHARE, beside)
    contexts = build_contexts(*found.columns, words.nodes.language, 2)
    sources = source_hashes(batch.column("source"), found.is_blocks)
    folds = document_folds([page.doc_id for page in pages], _N_FOLDS)
    of = contexts.document
    return FoldedContexts(contexts.offsets, contexts.token_ids, folds[of], sources[of])


def judged(
    contexts: FoldedContexts, langs: tuple[str, ...], words: Words, truth: Truth
) -> list[str]:
    """Number, precision and recall of links and of those that prevail.

    Precision is among links of words that the truth translates; recall is of the pairs of the truth
    whose words are both in five contexts.
    """
    (found,) = mine(contexts, words.n, [LinkConfig()])
    rows = found.links.rows
    n_contexts = np.bincount(contexts.token_ids, minlength=2 * words.n)
    frequent = set(np.flatnonzero(n_contexts >= 5).tolist())
    numbers: list[set[str]] = [
        {name for (of, token), name in words.names.items()
         if of == lang and side * words.n + token in frequent}
        for side, lang in enumerate(langs)
    ]  # fmt: skip
    known = {
        (a, b)
        for lang_a, a, lang_b, b in truth.pairs
        for a, b in ([(a, b)] if (lang_a, lang_b) == langs else [(b, a)])
        if {lang_a, lang_b} == set(langs) and a != b and a in numbers[0] and b in numbers[1]
    }
    asked = [{pair[side] for pair in known} for side in (0, 1)]
    pairs = [
        (words.names.get((langs[0], a), ""), words.names.get((langs[1], b - words.n), ""))
        for a, b in zip(rows["a"].to_pylist(), rows["b"].to_pylist(), strict=True)
    ]
    cells: list[str] = []
    for taken in (np.ones(len(pairs), np.bool_), rows["prevails"].to_numpy(zero_copy_only=False)):
        of = [pair for pair, is_taken in zip(pairs, taken, strict=True) if is_taken]
        judged_pairs = [(a, b) for a, b in of if a != b and a in asked[0] and b in asked[1]]
        right = sum(pair in known for pair in judged_pairs)
        cells += [
            f"{len(of):,}",
            share(right / max(len(judged_pairs), 1)),
            share(len(known & set(of)) / max(len(known), 1)),
        ]
    return cells


if __name__ == "__main__":
    run_app(app)
