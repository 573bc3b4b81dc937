"""Settings of `pivotmine-model evaluate`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pivotmine.recipe import PositiveInt, Section, Share


class EvaluationConfig(Section):
    """What a model is asked beside the word task (`evaluate`); what is not named is left out."""

    pairs: str = ""
    """Aligned segments (Parquet or JSON Lines with lang_a, text_a, lang_b, text_b), such as FLORES:
    the loss of a segment given its translation, and chrF."""

    pair_directions: tuple[str, ...] = ()
    """Directions of them, e.g. [en-ja, ja-en]."""

    n_pairs: PositiveInt = 100
    """Pairs of each direction, the first of the file."""

    chrf: bool = True
    """Translate them, too: slow, a token at a time."""

    n_shots: PositiveInt = 4
    """Of the pairs, so many are examples before those that are translated."""

    layer: Share = 0.5
    """Which block's states words are looked up in, as a share of the depth."""

    heldout: dict[str, str] = Field(default={})
    """Name -> folder of shards: their loss and perplexity."""

    heldout_tokens: PositiveInt = 20_000
    """Tokens of each that are read."""

    sequence_tokens: Annotated[int, Field(ge=2)] = 1024
    """Tokens of a sequence of them."""

    tasks: tuple[str, ...] = ()
    """Benchmarks by their names in lm-eval, e.g. [xnli_zh, xcopa_zh, belebele_fra_Latn]."""

    task_folder: str = ""
    """Folder with the tasks' data (xcopa_zh.jsonl or .parquet) and definitions of further tasks;
    with it nothing is fetched."""

    task_limit: Annotated[int, Field(ge=0)] = 0
    """Items of each benchmark; 0: all."""
