"""What every exact way must agree on: the pairs at or above `min_count`, and their counts.

An answer is compressed into three numbers that depend on no order, so 16 million rows are compared
without being sorted or held: a batch at a time, at about 10 ns a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.counting.prepare import Facts

BATCH_ROWS = 2**20


class Pairs(NamedTuple):
    """Nodes a of the earlier language, b of the later one, and contexts that hold both."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    n: NDArray[np.int64]


@dataclass(frozen=True)
class Answer:
    """Three numbers that equal answers share, and different ones do not, but for 1 in 2**64."""

    n_pairs: int
    sum_n: int
    checksum: str
    """Sum, modulo 2**64, of a mixed hash of every (a, b) times its count; hexadecimal."""

    def __str__(self) -> str:
        return f"{self.n_pairs:,} pairs, sum {self.sum_n:,}, checksum {self.checksum}"


def answer(batches: Iterable[Pairs]) -> Answer:
    """Summarise pairs, in any order."""
    n_pairs = sum_n = 0
    checksum = np.uint64(0)
    for a, b, n in batches:
        n_pairs += len(n)
        sum_n += int(n.sum())
        key = (a.astype(np.uint64) << np.uint64(32)) + b.astype(np.uint64)
        with np.errstate(over="ignore"):
            checksum += (_mix(key) * n.astype(np.uint64)).sum(dtype=np.uint64)
    return Answer(n_pairs, sum_n, f"{int(checksum):016x}")


def read_pairs(files: Sequence[str], facts: Facts) -> Iterator[Pairs]:
    """Pairs from Parquet files: columns a, b, n of nodes, or those of table `counts`."""
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS):
            yield _of_counts(batch, facts) if "lang_a" in batch.schema.names else _of_nodes(batch)


def heaviest(batches: Iterable[Pairs], most: int) -> Pairs:
    """The pairs that meet most, at most `most` of them, by descending count, then by nodes."""
    kept = Pairs(*(np.empty(0, np.int64) for _ in Pairs._fields))
    for batch in batches:
        if len(batch.n) > most:
            # A batch's own heaviest, ties included; without a sort of the whole batch.
            least = np.partition(batch.n, -most)[-most]
            batch = Pairs(*(column[batch.n >= least] for column in batch))
        merged = Pairs(*map(np.concatenate, zip(kept, batch, strict=True)))
        order = np.lexsort((merged.b, merged.a, -merged.n))[:most]
        kept = Pairs(*(column[order] for column in merged))
    return kept


def write_pairs(path: Path, pairs: Pairs) -> str:
    """Write pairs as columns a, b, n; returns the path."""
    pq.write_table(pa.table(pairs._asdict()), path)
    return str(path)


def parquet_files(folder: Path) -> list[str]:
    """All Parquet files below a folder, sorted."""
    return sorted(str(path) for path in folder.rglob("*.parquet"))


def _of_nodes(batch: pa.RecordBatch) -> Pairs:
    return Pairs(*(batch.column(name).to_numpy().astype(np.int64) for name in Pairs._fields))


def _of_counts(batch: pa.RecordBatch, facts: Facts) -> Pairs:
    def node(token: str, language: str) -> NDArray[np.int64]:
        names = pa.array(facts.languages, pa.string())
        index = pc.index_in(batch.column(language), value_set=names).to_numpy()
        ids = batch.column(token).to_numpy().astype(np.int64)
        nodes: NDArray[np.int64] = index.astype(np.int64) * facts.vocab_size + ids
        return nodes

    n = batch.column("n_ab").to_numpy().astype(np.int64)
    return Pairs(node("a", "lang_a"), node("b", "lang_b"), n)


def _mix(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64-bit words whose outputs look random: the finalizer of SplitMix64.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))
