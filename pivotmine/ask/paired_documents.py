"""Paired documents as training documents, in which both languages are adjacent.

A model learns from translations that stand near each other. How near is the setting: line by line,
block by block, or one whole document after the other. The file can be read like any other source,
so its documents are scored, selected and written to shards as pages in two languages are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

BLOCK_SEGMENTS = 8
"""Segment pairs of a block."""

ADJACENCIES = ("lines", "blocks", "documents")


def training_documents(pairs: Iterator[dict[str, Any]], adjacency: str) -> Iterator[dict[str, Any]]:
    """Documents with `text`, and where both sides come from.

    `lines` and `blocks` hold the aligned segments; `documents` holds both texts whole. Which
    language comes first is decided by a hash of both ids, so both directions are as frequent.

    Parameters
    ----------
    pairs
        Pairs with `doc_id_a`, `doc_id_b`, `lang_a`, `lang_b`, `document_score`, `sources`, `texts`
        (whole, of both), and `segments`, a list of two texts each.
    """
    for pair in pairs:
        ids, languages = ([pair[f"{name}_{side}"] for side in "ab"] for name in ("doc_id", "lang"))
        first = blake2b("".join(ids).encode(), digest_size=1).digest()[0] % 2
        order = (first, 1 - first)
        if adjacency == "documents":
            parts = [pair["texts"][side].strip() for side in order]
            text = "\n\n".join(parts)
        else:
            size = 1 if adjacency == "lines" else BLOCK_SEGMENTS
            segments = pair["segments"]
            blocks = [segments[at : at + size] for at in range(0, len(segments), size)]
            lines = [[row[side] for row in block] for block in blocks for side in order]
            text = "\n".join("\n".join(block) for block in lines)
        yield {
            "text": text + "\n",
            "source": "+".join(dict.fromkeys(pair["sources"][side] or "" for side in order)),
            "doc_ids": [ids[side] for side in order],
            "langs": [languages[side] for side in order],
            "score": pair["document_score"],
            "adjacency": adjacency,
        }


def write_training_documents(path: Path, documents: Iterator[dict[str, Any]]) -> dict[str, int]:
    """Write JSON lines; the number of documents of each pair of languages."""
    counts: dict[str, int] = {}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
            pair = "-".join(sorted(document["langs"]))
            counts[pair] = counts.get(pair, 0) + 1
    return counts
