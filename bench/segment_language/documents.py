"""Whole documents: built pages, whose language is known, and real ones, labelled by their path.

Labels by path are often wrong (untranslated manuals), so of real documents it is counted how often
ours and the label differ, and with whom the others side then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
from blake3 import blake3

from bench.segment_language.pages import ONE, Page
from bench.segment_language.score import Line, shown_interval
from bench.segment_language.ways import WAYS
from pivotmine.text.language import load_identifier

_CHARS = 2000
_LEAST_CHARS = 200
_JURY = ("lingua, closed", "py3langid, closed", "CLD2, open")


def built_pages(chosen: Sequence[Page]) -> list[str]:
    """Share of pages in one language that are named rightly, as a paragraph."""
    whole = [page for page in chosen if page.kind == ONE]
    found = load_identifier().identify_documents(["".join(page.lines) for page in whole])
    lines = [
        Line("page", page.group, page.kind, page.lang, page.lang, lang, 0)
        for page, (lang, _) in zip(whole, found, strict=True)
    ]
    wrong = Counter((x.lang, x.found) for x in lines if x.lang != x.found).most_common(8)
    named_wrongly = ", ".join(f"{a} as {b} {n}" for (a, b), n in wrong) or "none"
    return [
        f"Whole pages (of {len(lines):,}, no list of languages given): "
        f"{shown_interval(lines)} named rightly; wrongly: {named_wrongly}.\n"
    ]


def real_documents(path: Path, languages: Sequence[str], n: int) -> list[str]:
    """Parquet with columns lang and text: a table of who agrees with the label."""
    table = pq.read_table(path, columns=["lang", "text"])
    rows = sorted(
        (
            (lang, text[:_CHARS])
            for lang, text in zip(*(column.to_pylist() for column in table.columns), strict=True)
            if len(text) >= _LEAST_CHARS
        ),
        key=lambda row: blake3(row[1].encode()).digest(),
    )[:n]
    labels, texts = zip(*rows, strict=True)
    ours = [lang for lang, _ in load_identifier().identify_documents(texts)]
    jury = [way for way in WAYS if way.name in _JURY and way.installed]
    said = [way.make(languages)([" ".join(text.split()) for text in texts]) for way in jury]
    lines = [
        f"## Real documents\n\n{n:,} documents of at least {_LEAST_CHARS} characters, the first "
        f"{_CHARS:,} of each; {len(jury)} others: {', '.join(way.name for way in jury)}.\n",
        "| label by path | documents | ours says the same | of the others, mean | ours differs | "
        "then most others side with ours | with the label |",
        "|---|---|---|---|---|---|---|",
    ]
    for lang in languages:
        at = [k for k in range(len(labels)) if labels[k] == lang]
        differ = [k for k in at if ours[k] != lang]
        with_ours = sum(2 * sum(v[k] == ours[k] for v in said) > len(jury) for k in differ)
        with_label = sum(2 * sum(v[k] == lang for v in said) > len(jury) for k in differ)
        mean = sum(v[k] == lang for v in said for k in at) / max(len(jury) * len(at), 1)
        lines.append(
            f"| {lang} | {len(at)} | {1 - len(differ) / max(len(at), 1):.3f} | {mean:.3f} | "
            f"{len(differ)} | {with_ours} | {with_label} |"
        )
    return [*lines, ""]
