"""Connected components in DataFrames: those of a plain search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from pivotmine.stages.ingest.components import connected_components
from tests.conftest import rows_of


@pytest.mark.parametrize("max_local_edges", [0, 1000])
def test_components_are_those_of_a_plain_search(
    spark: SparkSession, table_inputs: Any, max_local_edges: int
):
    draw = np.random.default_rng(0)
    path = [(f"p{n:03}", f"p{n + 1:03}") for n in draw.permutation(30)]
    star = [("s50", f"s{n:02}") for n in range(80)]
    random = [(f"r{i:03}", f"r{j:03}") for i, j in draw.integers(0, 200, (110, 2))]
    pairs = [*path, *star, *random]
    edges = spark.createDataFrame(pairs, "u string, v string").repartition(3)
    found = connected_components(table_inputs(), edges, max_local_edges)

    root = {node: node for pair in pairs for node in pair}
    changed = True
    while changed:
        changed = False
        for u, v in pairs:
            least = min(root[u], root[v])
            changed |= root[u] != least or root[v] != least
            root[u] = root[v] = least
    assert dict(rows_of(found)) == {node: least for node, least in root.items() if node != least}
