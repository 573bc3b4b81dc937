"""The answer of a way: the pairs at or above `min_count`, and their counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.counting.prepare import Facts


class Pairs(NamedTuple):
    """Nodes a of the earlier language, b of the later one, and the contexts that hold both."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    n: NDArray[np.int64]


@dataclass(frozen=True)
class Answer:
    """Equal for equal pairs in any order; others differ, except for 1 in 2**64."""

    n_pairs: int
    sum_n: int
    checksum: str
    """Sum of a hash of every (a, b) times its count, hexadecimal."""

    def __str__(self) -> str:
        return f"{self.n_pairs:,} pairs, sum {self.sum_n:,}, checksum {self.checksum}"


def read_answer(files: Sequence[str], facts: Facts) -> Answer:
    """The answer in Parquet files: columns a, b, n of nodes, or those of table `counts`."""
    if not files:
        return Answer(0, 0, "0")
    columns = "a::BIGINT AS a, b::BIGINT AS b, n::BIGINT AS n"
    if "lang_a" in pq.read_schema(files[0]).names:
        sides = (
            f"(list_position($languages, lang_{x}) - 1) * {facts.vocab_size} + {x}" for x in "ab"
        )
        columns = "{} AS a, {} AS b, n_ab AS n".format(*sides)
    query = (
        "SELECT count(*), coalesce(sum(n), 0)::BIGINT, "
        "coalesce(sum(hash(a::BIGINT, b::BIGINT)::HUGEINT * n), 0)::VARCHAR "
        f"FROM (SELECT {columns} FROM read_parquet($files))"
    )
    parameters = {"files": list(files), "languages": list(facts.languages)}
    if "$languages" not in query:
        del parameters["languages"]
    ((n_pairs, sum_n, checksum),) = duckdb.connect().execute(query, parameters).fetchall()
    return Answer(n_pairs, sum_n, f"{int(checksum):x}")


def write_pairs(path: Path, parts: Iterable[Pairs]) -> str:
    """Write pairs as columns a, b, n; returns the path."""
    schema = pa.schema([(name, pa.int64()) for name in Pairs._fields])
    with pq.ParquetWriter(path, schema) as writer:
        for pairs in parts:
            writer.write_table(pa.table(pairs._asdict(), schema=schema))
    return str(path)
