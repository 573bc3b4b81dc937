"""Shard: selections to training files, with a manifest for each arm.

An arm is cut into as many shards as its tokens need, with equal numbers of documents. A task writes
whole shards as a stream, so its memory does not grow with a shard. Shards hold the documents in the
order of `position`: an arm's shards, one after another, are the arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.lake.tables import SHARDS, TOKENIZER
from pivotmine.recipe import Recipe
from pivotmine.stages.shard.break_links import broken_contents
from pivotmine.stages.shard.formats import TEXT_FORMATS
from pivotmine.stages.shard.manifest import write_manifests
from pivotmine.stages.shard.shards_here import shards_here
from pivotmine.stages.shard.writer import TokenFormat
from pivotmine.udfs.shard import bind_write

MAX_SHARDS = 1_000_000
"""More than a manifest should list; bounds what the driver is sent."""


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Write every arm in every format."""
    settings = recipe.shard
    (tokenizer,) = inputs.table("tokenizer", ("vocab_size", "eos_token_id"), 1).to_pylist()
    tokens = TokenFormat(tokenizer["vocab_size"], tokenizer["eos_token_id"])
    if inputs.is_small and all(arm.method != "links_broken" for arm in recipe.select.arms):
        return {"shards": shards_here(inputs, recipe, tokens)}
    selection = inputs.frame("selection")
    n_arms = len(recipe.select.arms)
    sizes = inputs.local(
        selection.groupBy("arm").agg(
            F.count("*").alias("arm_docs"),
            F.sum("n_tokens").alias("arm_tokens"),
            F.ceil(F.sum("n_tokens") / settings.max_shard_tokens).alias("arm_shards"),
        ),
        n_arms,
    )
    n_shards = sum(sizes["arm_shards"].to_pylist())
    place = F.floor(F.col("position") * F.col("arm_shards") / F.col("arm_docs")).cast("int")
    placed = (
        selection.join(F.broadcast(inputs.spark.createDataFrame(sizes)), "arm")
        .withColumn("shard", place)
        .select("arm", "shard", "position", "doc_id", "lang", "n_tokens")
    )
    tokens_of = dict(zip(sizes["arm"].to_pylist(), sizes["arm_tokens"].to_pylist(), strict=True))
    written = []
    for name in settings.formats:
        write = bind_write(inputs.artifacts("shards"), name, tokens)
        contents = _with_contents(inputs, placed, tokens_of, recipe, as_text=name in TEXT_FORMATS)
        written.append(
            contents.repartition(max(n_shards, 1), "arm", "shard")
            .sortWithinPartitions("arm", "shard", "position")
            .mapInArrow(write, spark_schema(SHARDS.schema))
        )
    # A checkpoint, since reading the frame again would write the shards again.
    return {"shards": inputs.checkpoint(reduce(DataFrame.union, written), "shards")}


def _with_contents(
    inputs: Inputs,
    placed: DataFrame,
    tokens_of: Mapping[str, int],
    recipe: Recipe,
    *,
    as_text: bool,
) -> DataFrame:
    """Selected documents with their source, and text or token_ids."""
    table, column = ("documents", "text") if as_text else ("tokens", "token_ids")
    content = inputs.frame(table, ("doc_id", column))
    broken = [arm.name for arm in recipe.select.arms if arm.method == "links_broken"]
    whole = placed.where(~F.col("arm").isin(*broken)) if broken else placed
    parts = [whole.join(content, "doc_id")]
    for arm in broken:
        rows = placed.where(F.col("arm") == arm)
        apart = broken_contents(
            inputs,
            rows.select("doc_id").distinct(),
            tokens_of.get(arm, 0),
            recipe.select.seed,
            as_text=as_text,
        )
        parts.append(rows.drop("n_tokens").join(apart, "doc_id"))
    contents = reduce(DataFrame.unionByName, parts)
    return contents.join(inputs.frame("documents", ("doc_id", "source")), "doc_id")


def finish(
    inputs: Inputs, recipe: Recipe, run: Mapping[str, Any], outputs: Mapping[str, DataFrame]
) -> None:
    """Write the manifest of each arm beside its shards."""
    (tokenizer,) = inputs.table("tokenizer", TOKENIZER.schema.names, 1).to_pylist()
    shards = inputs.local(outputs["shards"].orderBy("arm", "format", "path"), MAX_SHARDS)
    sizes = (
        inputs.frame("selection")
        .groupBy("arm", "lang")
        .agg(F.count("*").alias("n_docs"), F.sum("n_tokens").alias("n_tokens"))
    )
    arms: dict[str, dict[str, Any]] = {
        arm.name: {"n_docs": 0, "n_tokens": 0, "tokens_by_language": {}}
        for arm in recipe.select.arms
    }
    for row in inputs.local(sizes.orderBy("arm", "lang"), MAX_SHARDS).to_pylist():
        arm = arms[row["arm"]]
        arm["n_docs"] += row["n_docs"]
        arm["n_tokens"] += row["n_tokens"]
        arm["tokens_by_language"][row["lang"]] = row["n_tokens"]
    for name, placement in _placements(inputs, recipe).items():
        arms[name]["placement"] = placement
    write_manifests(
        inputs.artifacts("shards").folder,
        run,
        recipe.public_json(),
        tokenizer,
        arms,
        shards.to_pylist(),
    )


def _placements(inputs: Inputs, recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Settings and streams of each arm that is not shuffled, with the places of each stream."""
    placed = [arm for arm in recipe.select.arms if arm.placement != "shuffled"]
    if not placed:
        return {}
    how = recipe.select.placement.model_dump(mode="json")
    placements: dict[str, dict[str, Any]] = {
        arm.name: {"where": arm.placement, **how, "streams": {}} for arm in placed
    }
    streams = (
        inputs.frame("selection")
        .where(F.col("arm").isin(*placements))
        .groupBy("arm", "stream")
        .agg(
            F.count("*").alias("n_docs"),
            F.sum("n_tokens").alias("n_tokens"),
            F.min("position").alias("first_position"),
            F.max("position").alias("last_position"),
        )
        .orderBy("arm", "stream")
    )
    for row in inputs.local(streams, 2 * len(placed)).to_pylist():
        placements[row.pop("arm")]["streams"][row.pop("stream")] = row
    return placements


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Every selected document is in the shards of every format once."""
    n_formats = len(recipe.shard.formats)
    return Tally(rows.read["selection"] * n_formats, rows.total("shards", "n_docs"))


STAGE = Stage(
    name="shard",
    doc="training files and their manifests",
    reads=("selection", "tokens", "documents", "tokenizer"),
    writes=("shards",),
    sections=("select", "shard"),
    run=run,
    tally=tally,
    runs_kernels=True,
    finish=finish,
)
