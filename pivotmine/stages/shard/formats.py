"""Training files: one writer a format, one small interface.

A writer takes a shard's documents in order and produces one or more files, whose bytes depend on
the documents alone, so that a task that Spark runs twice writes the same shard twice. To add a
format, write a `ShardWriter` and name it in `WRITERS` and in `ShardConfig.formats`.
"""

from __future__ import annotations

from collections.abc import Callable

from pivotmine.stages.shard.megatron import MegatronWriter
from pivotmine.stages.shard.npy import NpyWriter
from pivotmine.stages.shard.text import JsonlWriter, ParquetWriter
from pivotmine.stages.shard.writer import ShardDocument, ShardFile, ShardWriter, TokenFormat

WRITERS: dict[str, Callable[[str, TokenFormat], ShardWriter]] = {
    "npy": NpyWriter,
    "megatron": MegatronWriter,
    "jsonl": JsonlWriter,
    "parquet": ParquetWriter,
}
"""Writer of each format: takes the path without suffix, and how tokens are stored."""

TEXT_FORMATS = frozenset({"jsonl", "parquet"})
"""Formats that hold text rather than token ids."""

__all__ = [
    "TEXT_FORMATS",
    "WRITERS",
    "ShardDocument",
    "ShardFile",
    "ShardWriter",
    "TokenFormat",
]
