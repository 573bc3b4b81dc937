"""Blocks of contexts, within which texts change places.

A permutation needs contexts that lie together, and links must not depend on how contexts are split
into files and tasks. So contexts are dealt into blocks by a hash of their content. The number of
blocks follows from the number of tokens. If one block holds them all, tasks read table `contexts`
itself. Otherwise the blocks are written once, a shuffle of the packed contexts.
"""

from __future__ import annotations

import pyarrow.compute as pc
from pyspark.sql import functions as F

from pivotmine.engine.numbered_tasks import FileRange
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.stages.count.tasks import Chunk
from pivotmine.udfs.link import BLOCKS, RANGES, bind_deal, bind_ranges, pass_on

_MAX_RANGES = 4_000_000
"""Blocks times files that hold a part of one, at most; a range takes 200 bytes in the driver."""


def context_blocks(inputs: Inputs, block_tokens: int) -> list[Chunk]:
    """The rows of files that hold each block, in the order of blocks."""
    files = inputs.table_files("contexts")
    if inputs.is_small:
        n_tokens = pc.sum(inputs.table("contexts", ("n_tokens",), _MAX_RANGES)["n_tokens"])
    else:
        sums = inputs.frame("contexts", ("n_tokens",)).agg(F.sum("n_tokens").alias("n"))
        n_tokens = inputs.local(sums, 1)["n"][0]
    n_blocks = -(-(n_tokens.as_py() or 0) // block_tokens)
    if n_blocks == 0:
        return []
    if n_blocks == 1:
        return [tuple(FileRange(path, 0, n_rows) for path, n_rows in files)]
    dealt = ArrowRows(inputs.numbers(len(files)), bind_deal(files, n_blocks), BLOCKS).in_spark()
    in_blocks = dealt.repartition("block").sortWithinPartitions("block")
    written = inputs.files(ArrowRows(in_blocks, pass_on, BLOCKS), "blocks")
    rows = ArrowRows(inputs.numbers(len(written)), bind_ranges(written), RANGES)
    ranges = inputs.local(rows, _MAX_RANGES).sort_by(
        [("block", "ascending"), ("file", "ascending")]
    )
    blocks: dict[int, list[FileRange]] = {}
    for row in ranges.to_pylist():
        part = FileRange(written[row["file"]][0], row["start"], row["end"])
        blocks.setdefault(row["block"], []).append(part)
    return [tuple(parts) for parts in blocks.values()]
