"""Training files: a writer for each format, behind one small interface.

A writer takes a shard's documents in order and produces one or more files. Their bytes depend on
the documents alone, so a task that Spark runs twice writes the same shard twice. To add a format,
write a `ShardWriter` and name it in `WRITERS` and in `ShardConfig.formats`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from pivotmine.stages.shard.text_files import JsonlWriter, ParquetWriter
from pivotmine.stages.shard.token_files import MegatronWriter, NpyWriter
from pivotmine.stages.shard.writer import ShardDocument, ShardWriter, TokenFormat

WRITERS: dict[str, Callable[[str, TokenFormat], ShardWriter]] = {
    "npy": NpyWriter,
    "megatron": MegatronWriter,
    "jsonl": JsonlWriter,
    "parquet": ParquetWriter,
}
"""Writer of each format: takes the path without suffix, and how tokens are stored."""

TEXT_FORMATS = frozenset({"jsonl", "parquet"})
"""Formats that hold text rather than token ids."""


class WrittenShard(NamedTuple):
    """A complete shard: its main file, and what it holds."""

    path: str
    checksum: str
    n_docs: int
    n_tokens: int
    first_position: int | None
    """Position of its first document in the arm; None for an empty shard."""


def write_shard(
    format_name: str, path: str, tokens: TokenFormat, documents: Iterable[ShardDocument]
) -> WrittenShard:
    """Write documents, in order, as one shard at `path`, which has no suffix.

    Nothing is left under its name if a document cannot be read or written.
    """
    writer = WRITERS[format_name](path, tokens)
    n_docs = n_tokens = 0
    first_position = None
    try:
        for document in documents:
            writer.add(document)
            n_docs += 1
            n_tokens += document.n_tokens
            first_position = document.position if first_position is None else first_position
        file = writer.close()
    except BaseException:
        writer.abort()
        raise
    return WrittenShard(file.path, file.checksum, n_docs, n_tokens, first_position)
