"""The pool: a corpus of real text with two languages on as few pages as on the web.

Of the pages, 98 % are in one language; the others are those of `bilingual.py`. Nothing is removed
from pages of one language but held-out lines: menus, templates and repeated lines stay.

OUT/pages/part-*.parquet   source, text: what the engine mines
OUT/labels.parquet         doc_id, kind, way, layout, pair, source, n_bytes: for the oracle alone
OUT/heldout/pairs.parquet  lang_a, text_a, lang_b, text_b
OUT/heldout/LANG.parquet   text: pages of one language for the guard-rail
OUT/pool.json              what the pool holds, and the checks of the held-out lines

The pool is a function of the texts and the seed. Memory: the texts, three times (about 1 GB).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from bench.gain.bilingual import Made, Material, make_pages
from bench.gain.draws import shuffled
from bench.gain.heldout import hold_out, leaks, lines_of, near_duplicates, usable, without_lines
from bench.gain.texts import LANGUAGES, PAIRS, Page, Pages, read_messages, read_pages, read_words
from pivotmine.stages.ingest.documents import document_id

BILINGUAL = 0.02
"""Share of the pages in two languages (Shao et al. 2026)."""
HELDOUT_BYTES = 400_000
"""Text of each language for the guard-rail."""
_FILE_PAGES = 10_000


class Labelled(NamedTuple):
    """A page of the pool."""

    made: Made
    pair: str
    """Languages, English first, or the one language."""


def make_pool(data: Path, out: Path, seed: int, n_heldout: int, n_pages: int | None) -> Any:
    """Write the pool; returns its description.

    Parameters
    ----------
    data
        The folder of `texts.py`.
    n_heldout
        Held-out messages of each pair.
    n_pages
        Most pages of one language, drawn; None: all.
    """
    pages, messages, words = read_pages(data), read_messages(data), read_words(data)
    if n_pages is not None:
        pages = _sample(pages, n_pages, seed)
    held = hold_out(messages, n_heldout, seed)
    lines = lines_of(held)
    alone, apart = _set_aside(pages.alone, seed)
    made = [
        Labelled(Made(page.source, page.text, "monolingual", "found", "as found"), lang)
        for lang in LANGUAGES
        for page in alone[lang]
    ]
    n_bilingual = round(BILINGUAL / (1 - BILINGUAL) * len(made))
    for place, pair in enumerate(PAIRS):
        other = pair.partition("-")[2]
        sizes = sorted(len(page.text.encode()) for lang in ("en", other) for page in alone[lang])
        material = Material(
            pair,
            list(usable(messages[pair], lines)),
            words[pair],
            alone,
            pages.mixed[pair],
            sizes,
        )
        n_of_pair = n_bilingual // len(PAIRS) + (place < n_bilingual % len(PAIRS))
        made += [Labelled(one, pair) for one in make_pages(material, n_of_pair, seed)]
    made = [_cleaned(one, lines) for one in made]
    made = [one for one in made if one.made.text.strip()]
    made = shuffled(((one.made.text, one) for one in made), seed, "pages")
    _write(out, made, held, apart)
    found = _described(made, pages.n_left_out)
    bilingual = [one.made.text for one in made if one.pair in PAIRS]
    found["heldout"] = {
        "pairs": {pair: len(of) for pair, of in held.items()},
        "leaks": leaks((one.made.text for one in made), held),
        "near_duplicates": near_duplicates(bilingual, held),
    }
    found |= {"seed": seed, "n_pages": len(made)}
    (out / "pool.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return found


def _sample(pages: Pages, n: int, seed: int) -> Pages:
    """`n` pages of one language, drawn, and as large a share of the mixed ones."""
    share = n / max(sum(map(len, pages.alone.values())), 1)

    def drawn(of: Sequence[Page]) -> list[Page]:
        named = ((page.name, page) for page in of)
        return shuffled(named, seed, "sample")[: round(min(share, 1.0) * len(of))]

    return pages._replace(
        alone={lang: drawn(of) for lang, of in pages.alone.items()},
        mixed={pair: drawn(of) for pair, of in pages.mixed.items()},
    )


def _set_aside(
    alone: dict[str, list[Page]], seed: int
) -> tuple[dict[str, list[Page]], dict[str, list[Page]]]:
    """Pages of one language for the pool, and those for the guard-rail (a tenth at most)."""
    kept, apart = {}, {}
    for lang, pages in alone.items():
        used, place = 0, 0
        order = shuffled(((page.name, page) for page in pages), seed, "guard-rail")
        while place < len(order) // 10 and used < HELDOUT_BYTES:
            used += len(order[place].text.encode())
            place += 1
        texts = {page.text for page in order[:place]}
        apart[lang] = order[:place]
        kept[lang] = [page for page in order[place:] if page.text not in texts]
    return kept, apart


def _cleaned(one: Labelled, lines: set[str]) -> Labelled:
    return one._replace(made=one.made._replace(text=without_lines(one.made.text, lines)))


def _write(out: Path, made: Sequence[Labelled], held: Any, apart: dict[str, list[Page]]) -> None:
    (out / "pages").mkdir(parents=True, exist_ok=True)
    (out / "heldout").mkdir(exist_ok=True)
    for place in range(0, len(made), _FILE_PAGES):
        part = made[place : place + _FILE_PAGES]
        table = {
            "source": [one.made.source for one in part],
            "text": [one.made.text for one in part],
        }
        file = out / "pages" / f"part-{place // _FILE_PAGES:05d}.parquet"
        pq.write_table(pa.table(table), file, compression="zstd")
    labels = {
        "doc_id": [document_id(one.made.text) for one in made],
        **{name: [getattr(one.made, name) for one in made] for name in ("kind", "way", "layout")},
        "pair": [one.pair for one in made],
        "source": [one.made.source for one in made],
        "n_bytes": [len(one.made.text.encode()) for one in made],
    }
    pq.write_table(pa.table(labels), out / "labels.parquet", compression="zstd")
    rows = [
        {"lang_a": "en", "text_a": one.english, "lang_b": pair[3:], "text_b": one.other}
        for pair, of in held.items()
        for one in of
    ]
    pq.write_table(pa.Table.from_pylist(rows), out / "heldout" / "pairs.parquet")
    for lang, pages in apart.items():
        table = pa.table({"text": pa.array([page.text for page in pages], pa.string())})
        pq.write_table(table, out / "heldout" / f"{lang}.parquet", compression="zstd")


def _described(made: Sequence[Labelled], n_left_out: int) -> dict[str, Any]:
    """Pages and bytes by kind, way and pair."""
    pages: Counter[str] = Counter()
    n_bytes: Counter[str] = Counter()
    for one in made:
        for name in (one.made.kind, f"{one.made.kind} {one.made.way} {one.pair}"):
            pages[name] += 1
            n_bytes[name] += len(one.made.text.encode())
    layouts = Counter(f"{one.made.kind} {one.made.layout}" for one in made if one.pair in PAIRS)
    return {
        "pages": dict(sorted(pages.items())),
        "bytes": dict(sorted(n_bytes.items())),
        "layouts": dict(sorted(layouts.items())),
        "pages_left_out": n_left_out,
    }
