"""Shard: selections to training files, with a manifest for each arm.

An arm is cut at equal numbers of documents into as many shards as its tokens need; a task writes
whole shards, streaming, so its memory does not grow with a shard. Shards hold the documents in the
order of `position`, so concatenating an arm's shards gives the arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.config import Config
from pivotmine.schema import SHARDS, TOKENIZER
from pivotmine.session import spark_schema
from pivotmine.shards import TEXT_FORMATS, TokenFormat
from pivotmine.shards.manifest import write_manifests
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from udfs import write_shards

MAX_SHARDS = 1_000_000
"""More shard files than a manifest should list; bounds what is brought to the driver."""


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Write every arm in every format."""
    settings = config.shard
    (tokenizer,) = inputs.table("tokenizer", ("vocab_size", "eos_token_id"), 1).to_pylist()
    tokens = TokenFormat(tokenizer["vocab_size"], tokenizer["eos_token_id"])
    selection = inputs.frame("selection")
    n_arms = len(config.select.arms)
    sizes = inputs.local(
        selection.groupBy("arm").agg(
            F.count("*").alias("arm_docs"),
            F.ceil(F.sum("n_tokens") / settings.max_shard_tokens).alias("arm_shards"),
        ),
        n_arms,
    )
    n_shards = sum(sizes["arm_shards"].to_pylist())
    place = F.floor(F.col("position") * F.col("arm_shards") / F.col("arm_docs")).cast("int")
    documents = inputs.frame("documents")
    placed = (
        selection.join(F.broadcast(inputs.spark.createDataFrame(sizes)), "arm")
        .withColumn("shard", place)
        .select("arm", "shard", "position", "doc_id", "lang", "n_tokens")
    )
    written = []
    for name in settings.formats:
        if name in TEXT_FORMATS:
            content = documents.select("doc_id", "source", "text")
        else:
            ids = inputs.frame("tokens").select("doc_id", "token_ids")
            content = ids.join(documents.select("doc_id", "source"), "doc_id")
        write = write_shards.bind(inputs.artifacts("shards"), name, tokens)
        written.append(
            placed.join(content, "doc_id")
            .repartition(max(n_shards, 1), "arm", "shard")
            .sortWithinPartitions("arm", "shard", "position")
            .mapInArrow(write, spark_schema(SHARDS.schema))
        )
    # Once: writing shards is an effect, and reading the frame again would repeat it.
    return {"shards": inputs.checkpoint(reduce(DataFrame.union, written), "shards")}


def finish(
    inputs: Inputs, config: Config, run: Mapping[str, Any], outputs: Mapping[str, DataFrame]
) -> None:
    """Write the manifest of each arm beside its shards."""
    (tokenizer,) = inputs.table("tokenizer", TOKENIZER.schema.names, 1).to_pylist()
    shards = inputs.local(outputs["shards"].orderBy("arm", "format", "path"), MAX_SHARDS)
    sizes = (
        inputs.frame("selection")
        .groupBy("arm", "lang")
        .agg(F.count("*").alias("n_docs"), F.sum("n_tokens").alias("n_tokens"))
    )
    arms: dict[str, dict[str, Any]] = {}
    for row in inputs.local(sizes.orderBy("arm", "lang"), MAX_SHARDS).to_pylist():
        arm = arms.setdefault(row["arm"], {"n_docs": 0, "n_tokens": 0, "tokens_by_language": {}})
        arm["n_docs"] += row["n_docs"]
        arm["n_tokens"] += row["n_tokens"]
        arm["tokens_by_language"][row["lang"]] = row["n_tokens"]
    write_manifests(
        inputs.artifacts("shards"),
        run,
        config.model_dump(mode="json"),
        tokenizer,
        arms,
        shards.to_pylist(),
    )


def tally(rows: Rows, config: Config) -> Tally:
    """Every selected document is in the shards, once in each format."""
    n_formats = len(config.shard.formats)
    return Tally(rows.read["selection"] * n_formats, rows.total("shards", "n_docs"))


STAGE = Stage(
    name="shard",
    doc="training files and their manifests",
    reads=("selection", "tokens", "documents", "tokenizer"),
    writes=("shards",),
    sections=("select", "shard"),
    run=run,
    tally=tally,
    finish=finish,
)
