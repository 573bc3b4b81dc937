"""Bilingual pages of known alignment, hidden among the real documents of a mined lake.

Pages are made of aligned segments of which no line stands in what the lake's bilingual pages were
made of, so links were not learnt from them:

parallel       3 to 12 segments and their translations, line by line or one language after the other
block          4 to 8 of them in the middle of a real document
code_switched  the same two makes with segments of the second language that translate nothing there:
               same languages, same lengths, no translations
other          real documents as they are, bilingual or not: nobody knows

A score that goes by languages or lengths cannot tell the third from the first two.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

Lines = list[tuple[str, str]]
_HOST_CHARS = (1_500, 20_000)


class Sizes(NamedTuple):
    """How much of each."""

    pages: int = 300
    """Pages of each language pair and kind."""

    others: int = 20_000
    """Real documents."""


def write_pages(
    lake: duckdb.DuckDBPyConnection,
    segments: str,
    mined_source: str,
    languages: Sequence[str],
    out: Path,
    sizes: Sizes,
) -> None:
    """Write `pages.parquet` (text, source) and `truth.parquet` (doc_id, kind, part).

    Parameters
    ----------
    segments
        Parquet with source, key, lang and text; those of one source and key translate each other.
    mined_source
        SQL pattern of the sources of the bilingual pages that the lake was mined from.
    """
    lake.execute(_MINED, [mined_source])
    lake.execute(_SEGMENTS.format(path=segments.replace("'", "''")))
    rows: list[dict[str, Any]] = []
    for a, b in combinations(sorted(languages), 2):
        # Enough for pages of either kind and their copies with lines dealt out anew.
        wanted = sizes.pages * 20 * 2
        pairs = lake.execute(_PAIRS, {"a": a, "b": b, "most": wanted}).fetchall()
        hosts = [
            text
            for (text,) in lake.execute(
                _HOSTS, [mined_source, a, *_HOST_CHARS, 2 * sizes.pages]
            ).fetchall()
        ]
        rows += _pages(f"{a}-{b}", pairs, hosts, sizes.pages)
    used = {row["host"] for row in rows}
    others = [
        {"text": text, "kind": "other", "part": None}
        for (text,) in lake.execute(_OTHERS, [mined_source, sizes.others + len(used)]).fetchall()
        if text not in used
    ][: sizes.others]
    rows += others
    text = [row["text"] for row in rows]
    sources = [f"{row['kind']}-{row['part']}" for row in rows]
    pq.write_table(pa.table({"text": text, "source": sources}), out / "pages.parquet")
    known = [row for row in rows if row["kind"] != "other"]
    truth = {
        "doc_id": [blake3(row["text"].encode()).hexdigest(length=16) for row in known],
        "kind": [row["kind"] for row in known],
        "part": [row["part"] for row in known],
    }
    pq.write_table(pa.table(truth), out / "truth.parquet")


def _pages(part: str, pairs: Lines, hosts: list[str], n: int) -> Iterator[dict[str, Any]]:
    """Pages of a language pair; every line is used once in a kind."""
    draw = random.Random(part)
    aligned = iter(pairs[: len(pairs) // 2])
    first, second = zip(*pairs[len(pairs) // 2 :], strict=True)
    # Turned by a third: no line meets its own translation, and every line is used.
    turned = second[len(second) // 3 :] + second[: len(second) // 3]
    unaligned = iter(zip(first, turned, strict=True))
    for lines, kinds in ((aligned, ("parallel", "block")), (unaligned, ("code_switched",) * 2)):
        for place, kind in enumerate(kinds):
            for number in range(n if kinds[0] == "parallel" else n // 2):
                size = draw.randint(3, 12) if place == 0 else draw.randint(4, 8)
                taken = [next(lines) for _ in range(size)]
                if draw.random() < 0.5:
                    taken = [(b, a) for a, b in taken]
                text = _laid_out(taken, line_by_line=number % 2 == 0)
                host = ""
                if place == 1:
                    host = hosts.pop()
                    text = _inserted(host, text)
                yield {"text": text, "kind": kind, "part": part, "host": host}


def _laid_out(lines: Lines, line_by_line: bool) -> str:
    if line_by_line:
        return "\n".join(line for pair in lines for line in pair)
    return "\n".join(pair[side] for side in (0, 1) for pair in lines)


def _inserted(host: str, block: str) -> str:
    """The block between two lines in the middle of the host."""
    lines = host.split("\n")
    middle = len(lines) // 2
    return "\n".join([*lines[:middle], block, *lines[middle:]])


_MINED = r"""
    CREATE OR REPLACE TEMP TABLE mined_lines AS
    SELECT DISTINCT hash(unnest(string_split(text, chr(10)))) AS line
    FROM documents WHERE source LIKE ?
"""

_SEGMENTS = """
    CREATE OR REPLACE TEMP TABLE fresh AS
    SELECT DISTINCT ON (source, key, lang) source, key, lang, text FROM read_parquet('{path}')
    WHERE NOT contains(text, chr(10)) AND hash(text) NOT IN (SELECT line FROM mined_lines)
    ORDER BY source, key, lang, text
"""

_PAIRS = """
    SELECT x.text, y.text FROM fresh x JOIN fresh y USING (source, key)
    WHERE x.lang = $a AND y.lang = $b AND x.text <> y.text
    QUALIFY row_number() OVER (PARTITION BY x.text ORDER BY source, key) = 1
        AND row_number() OVER (PARTITION BY y.text ORDER BY source, key) = 1
    ORDER BY md5(source || key || x.text) LIMIT $most
"""

_HOSTS = """
    SELECT text FROM documents
    WHERE source NOT LIKE ? AND lang = ? AND lang_prob > 0.9 AND length(text) BETWEEN ? AND ?
    ORDER BY md5(doc_id || 'host') LIMIT ?
"""

_OTHERS = "SELECT text FROM documents WHERE source NOT LIKE ? ORDER BY md5(doc_id) LIMIT ?"
