"""Connected components of a graph in DataFrames, without collecting it in the driver.

Alternating large-star and small-star (Kiveris et al. 2014, "Connected components in MapReduce and
beyond"): every round points nodes at smaller neighbours, until each points at the smallest node of
its component. It takes O(log**2 n) rounds, in practice three or four; the edges never grow. Labels
are minima, so the result does not depend on order or partitions.

Each round is a job or two, which takes seconds even without rows. The driver solves graphs of up to
`MAX_LOCAL_EDGES` edges in one job; most deliveries have no more.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs
from pivotmine.errors import LakeError

MAX_ROUNDS = 50
MAX_LOCAL_EDGES = 100_000
"""Some 40 MB in the driver, for nodes of 40 characters."""


def connected_components(
    inputs: Inputs, edges: DataFrame, max_local_edges: int = MAX_LOCAL_EDGES
) -> DataFrame:
    """Columns `node`, `root`: every node but the smallest of its component, and that smallest node.

    Parameters
    ----------
    edges
        Columns `u`, `v`, in any direction and number; loops are ignored.

    Raises
    ------
    LakeError
        `MAX_ROUNDS` are not enough: a bug.
    """
    few = inputs.local(edges.select("u", "v").limit(max_local_edges + 1), max_local_edges + 1)
    if few.num_rows <= max_local_edges:
        rooted = _search(zip(*few.to_pydict().values(), strict=True))
        columns = [pa.array(side, pa.string()) for side in (rooted.keys(), rooted.values())]
        return inputs.spark.createDataFrame(pa.table(columns, names=["node", "root"]))
    stars = _directed(edges.select("u", "v"))
    seen = None
    for number in range(MAX_ROUNDS):
        stars = inputs.checkpoint(_small_star(_large_star(stars)), f"components-{number}")
        digest = inputs.local(
            stars.agg(F.count("*").alias("n"), F.bit_xor(F.xxhash64("u", "v")).alias("hash")), 1
        ).to_pylist()
        if digest == seen:
            return stars.select(F.col("u").alias("node"), F.col("v").alias("root"))
        seen = digest
    raise LakeError(
        f"connected components did not settle in {MAX_ROUNDS} rounds. Please report this."
    )


def _search(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Union-find by the smaller node: every other node of a component, and its smallest node."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while (above := parent.get(node, node)) != node:
            parent[node] = parent.get(above, above)
            node = above
        return node

    for pair in edges:
        smaller, larger = sorted(map(root, pair))
        parent[larger] = smaller
    return {node: root(node) for node in list(parent) if root(node) != node}


def _directed(edges: DataFrame) -> DataFrame:
    """Each edge once, from the larger node u to the smaller v."""
    larger, smaller = F.greatest("u", "v"), F.least("u", "v")
    return edges.where("u != v").select(larger.alias("u"), smaller.alias("v")).distinct()


def _large_star(edges: DataFrame) -> DataFrame:
    """Join every larger neighbour of a node to the smallest of its neighbours and itself."""
    both = edges.union(edges.select(F.col("v").alias("u"), F.col("u").alias("v")))
    smallest = F.least("u", F.min("v").over(Window.partitionBy("u")))
    return (
        both.withColumn("smallest", smallest)
        .where("v > u")
        .select(F.col("v").alias("u"), F.col("smallest").alias("v"))
        .distinct()
    )


def _small_star(edges: DataFrame) -> DataFrame:
    """Join every smaller neighbour of a node, and the node, to the smallest of them."""
    pointed = edges.withColumn("smallest", F.min("v").over(Window.partitionBy("u")))
    near = pointed.where("v != smallest").select(F.col("v").alias("u"), "smallest")
    own = pointed.select("u", "smallest")
    return near.union(own).distinct().select("u", F.col("smallest").alias("v"))
