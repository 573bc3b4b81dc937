"""Where tables live, and the Spark session that makes them."""

from __future__ import annotations

from typing import Annotated

from pivotmine.recipe.section import Name, PositiveInt, Secrets, Section


class LakeConfig(Section):
    """Where the Iceberg tables live and which catalog knows them."""

    warehouse: str = ".pivotmine/lake"
    """Folder or URI that holds tables and shards (local path, s3://, gs://, hdfs://)."""

    namespace: Name = "pivotmine"
    """Iceberg namespace of the tables. Two corpora in one warehouse take two namespaces."""

    catalog: Annotated[dict[str, str], Secrets(every=True)] = {}
    """PyIceberg catalog properties, e.g. {type: rest, uri: ...}. Empty: an embedded SQLite catalog
    in the warehouse, which must then be a local folder."""


class SparkConfig(Section):
    """The Spark session, when PivotMine has to start one (spark-submit brings its own)."""

    master: str = "local[*]"
    """Spark master for a session that PivotMine starts itself."""

    driver_memory: str = "4g"
    """JVM heap, Spark notation. In local mode it serves driver and executors alike."""

    java_options: str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    """Options of that session's JVM. The default starts fast: PivotMine's work is done in Python
    workers, and the JVM compiles and collects little. With dozens of cores, -XX:+UseParallelGC."""

    shuffle_partitions: PositiveInt = 16
    """Partitions of a shuffle, before adaptive execution merges small ones. Results never depend
    on it."""

    conf: Annotated[dict[str, str], Secrets()] = {}
    """Further Spark properties, passed through as they are."""
