"""The road over Spark Connect: with Spark's own server, or with Sail.

    python -m bench.spark_connect RECIPE.yaml --server spark
    python -m bench.spark_connect RECIPE.yaml --server sail

A session of Spark Connect has no SparkContext. PivotMine asks it for the default parallelism,
broadcasts a lexicon, hands variables to workers and looks at running tasks. Here a stand-in answers
these questions, on one machine, so that everything else can be tried. Needs `pyspark[connect]`, and
`pysail` for Sail.
"""

from __future__ import annotations

import argparse
import os
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from pivotmine import api
from pivotmine.engine import session as engine_session
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.road import ROAD

PARALLELISM = 2


class StandIn:
    """What PivotMine uses of a SparkContext, on this machine."""

    defaultParallelism = PARALLELISM  # noqa: N815
    environment = os.environ

    def broadcast(self, value: Any) -> Any:
        """The value travels with the function that names it."""
        return SimpleNamespace(value=value)

    def statusTracker(self) -> Any:  # noqa: N802
        """No task is seen."""
        return SimpleNamespace(
            getActiveStageIds=lambda: [], getActiveJobsIds=lambda: [], getStageInfo=lambda _: None
        )


def connect(server: str) -> Any:
    """A session of Spark Connect, with the stand-in."""
    if server == "sail":
        from pysail.spark import SparkConnectServer

        sail = SparkConnectServer("127.0.0.1", 0)
        sail.start(background=True)
        host, port = sail.listening_address
        builder: Any = SparkSession.builder.remote(f"sc://{host}:{port}")
    else:
        builder = (
            SparkSession.builder.remote(f"local[{PARALLELISM}]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", str(PARALLELISM))
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.log.level", "ERROR")
        )
    session = builder.getOrCreate()
    kind = type(session)
    if server == "sail":
        kind.server = sail  # it ends when nobody holds it
    plain = kind.createDataFrame

    def create(self: Any, data: Any, *arguments: Any, **more: Any) -> Any:
        """Connect cannot tell the columns of an Arrow table without rows."""
        if isinstance(data, pa.Table) and not data.num_rows:
            return plain(self, [], from_arrow_schema(data.schema))
        return plain(self, data, *arguments, **more)

    kind.sparkContext = property(lambda self: StandIn())
    kind.createDataFrame = create
    return session


def main() -> None:
    """Run the road, stage by stage, as far as it goes."""
    parser = argparse.ArgumentParser(description="The road over Spark Connect.")
    parser.add_argument("recipe")
    parser.add_argument("--server", choices=("spark", "sail"), default="spark")
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    session = connect(arguments.server)
    engine_session.build_session = lambda config: session
    for stage in ROAD:
        (report,) = api.run(recipe, only=stage.name)
        print(f"{stage.name}: {report.written}")


if __name__ == "__main__":
    main()
