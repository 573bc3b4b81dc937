"""Training files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe.section import PositiveInt, Section


class ShardConfig(Section):
    """Training files."""

    formats: Annotated[
        tuple[Literal["npy", "megatron", "jsonl", "parquet"], ...], Field(min_length=1)
    ] = (
        "npy",
        "jsonl",
    )
    """npy: raw token memmap with a .csv.gz of document boundaries, as OLMo reads it; megatron:
    .bin and .idx of Megatron's indexed dataset, document names beside them; jsonl: text as
    JSON Lines with zstd; parquet: text as Parquet."""

    max_shard_tokens: PositiveInt = 50_000_000
    """Most tokens of one shard file, about."""
