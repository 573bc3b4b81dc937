"""What a run would cost: core-hours, memory, shuffles and disk of every stage, before it starts.

The costs are sizes times measured constants (`plan_constants.py`). `docs/scale.md` shows the
arithmetic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pivotmine.ask.plan_constants import MEASURED, Constants
from pivotmine.ask.plan_counting import Advice, Counting, advise, chunk_bytes, count
from pivotmine.errors import ConfigError

if TYPE_CHECKING:
    from pivotmine.recipe import Recipe

READ_BYTES = 130 * 2**20
"""Memory of reading plain records (docs/architecture.md, Bounds on memory)."""

ROW_GROUP_BYTES = 64e6
SAMPLE_BYTES = 64e6
"""Size of the sample that `tokenizer_seconds` was measured on."""

_NS, _US, _HOUR, _MB = 1e-9, 1e-6, 3600.0, 1e6
_TOKEN_FORMATS = ("npy", "megatron")
_PACKED_SUFFIXES = (".gz", ".zst", ".zstd", ".parquet")


@dataclass(frozen=True)
class StageCost:
    """One stage."""

    stage: str
    core_hours: float
    task_bytes: float
    """Memory of a Python worker."""

    shuffle_bytes: float | None
    """None where it was never measured."""

    disk_bytes: float
    """Bytes of the tables and files that it writes."""

    is_parallel: bool = True


@dataclass(frozen=True)
class Plan:
    """The costs of a corpus with a recipe."""

    text_bytes: float
    n_documents: float
    n_tokens: float
    context_tokens: float
    """Distinct tokens of mixed contexts, each once a context."""

    possible_pairs: float
    """Pairs of nodes of different languages that the vocabulary allows."""

    counting: Counting
    stages: tuple[StageCost, ...]
    advice: tuple[Advice, ...]

    @property
    def core_hours(self) -> float:
        """Core-hours of all stages."""
        return sum(stage.core_hours for stage in self.stages)

    @property
    def disk_bytes(self) -> float:
        """Bytes of the lake and its shards."""
        return sum(stage.disk_bytes for stage in self.stages)

    def hours(self, n_cores: int) -> float:
        """Least wall time: cores that are always busy, and one task for the tokenizer."""
        return sum(
            stage.core_hours / (n_cores if stage.is_parallel else 1) for stage in self.stages
        )


def parse_bytes(text: str) -> float:
    """Bytes of a size such as `100TB`, `1.5 GiB` or `2e12`.

    Raises
    ------
    ConfigError
        The text is not a number with a unit of bytes.

    Examples
    --------
    >>> parse_bytes("100TB")
    100000000000000.0
    """
    match = re.fullmatch(r"\s*([0-9.]+(?:e\+?[0-9]+)?)\s*(?:([kmgtp]?)(i?)b)?\s*", text.lower())
    try:
        if not match:
            raise ValueError(text)
        number, prefix, binary = match.groups(default="")
        power = " kmgtp".index(prefix or " ")
        return float(number) * math.pow(1024 if binary else 1000, power)
    except ValueError:
        raise ConfigError(f"{text!r} is not a size; give one such as 100TB or 512GiB") from None


def text_bytes(files: Sequence[tuple[str, int]], constants: Constants = MEASURED) -> float:
    """Bytes of text in files of (URI, bytes on disk); HTML counts as if all of it were text."""
    unpacking = constants.unpacking.value
    return sum(
        size * (unpacking if uri.lower().endswith(_PACKED_SUFFIXES) else 1.0) for uri, size in files
    )


def plan(
    n_bytes: float,
    n_languages: int,
    recipe: Recipe,
    core_bytes: float = 10e9,
    constants: Constants = MEASURED,
) -> Plan:
    """Costs of `n_bytes` of text in `n_languages` with the settings of a recipe.

    Parameters
    ----------
    core_bytes
        Memory that a core has for its Python worker; chunks are advised to fit it.
    """
    c = constants
    n_tokens = n_bytes / c.token_bytes.value
    n_documents = n_bytes / c.document_bytes.value
    context_tokens = n_tokens * c.mixed_share.value
    nodes = recipe.tokenize.vocab_size / n_languages * c.language_nodes.value
    possible = math.comb(n_languages, 2) * nodes**2
    max_shuffle = recipe.count.max_shuffle_bytes
    counting = count(context_tokens, recipe.count.chunk_tokens, max_shuffle, c)
    sized = Plan(
        n_bytes, n_documents, n_tokens, context_tokens, possible, counting, stages=(), advice=()
    )
    stages = (
        *_text_stages(sized, recipe, c),
        *_counting_stages(sized, recipe, c),
        *_selection_stages(sized, recipe, c),
    )
    others = max(stage.task_bytes for stage in stages if stage.stage != "count")
    advice = tuple(advise(counting, context_tokens, possible, others, recipe, core_bytes, c))
    return replace(sized, stages=stages, advice=advice)


def _text_stages(sized: Plan, recipe: Recipe, c: Constants) -> list[StageCost]:
    """From files to tokens."""
    megabytes, base = sized.text_bytes / _MB, c.worker_bytes.value
    ingest_seconds = megabytes * c.ingest_seconds.value
    ingest_disk = sized.text_bytes * c.documents_share.value
    if recipe.dedup.near:
        ingest_seconds += megabytes * c.near_seconds.value
        ingest_disk += sized.n_documents * c.signature_bytes.value
    sample = min(recipe.tokenize.sample_bytes, sized.text_bytes)
    if recipe.tokenize.tokenizer is not None:
        sample = 0
    training = c.tokenizer_seconds.value * sample / SAMPLE_BYTES
    vocabulary = sized.n_tokens * c.vocabulary_ns.value * _NS
    read, tokens = base + ROW_GROUP_BYTES, sized.n_tokens * c.tokens_bytes.value
    return [
        StageCost("ingest", ingest_seconds / _HOUR, base + READ_BYTES, None, ingest_disk),
        StageCost("train_tokenizer", training / _HOUR, 40.0 * sample, 0.0, 0.0, is_parallel=False),
        StageCost("tokenize", megabytes * c.tokenize_seconds.value / _HOUR, read, 0.0, tokens),
        StageCost("vocabulary", vocabulary / _HOUR, read, None, 0.0),
    ]


def _counting_stages(sized: Plan, recipe: Recipe, c: Constants) -> list[StageCost]:
    """From tokens to pivots."""
    contexts, counting = sized.context_tokens, sized.counting
    cut = sized.n_tokens * (c.read_ns.value + c.cut_ns.value)
    cut_memory, lines = c.worker_bytes.value + 200e6, 0.0
    if recipe.count.max_line_documents:
        cut += sized.n_tokens * (c.read_ns.value + c.line_ns.value)
        cut_memory += 16.0 * recipe.count.max_repeated_lines
        lines = _segments(sized, c) * c.line_bytes.value
    chunk = min(counting.chunk_tokens, contexts)
    sketch = recipe.count.sketch_bytes if counting.two_passes else 0.0
    grown = (contexts / c.chunk_tokens.value) ** c.growth.value
    distinct = min(c.chunk_pairs.value * grown, sized.possible_pairs)
    memory = chunk_bytes(chunk, sketch, c)
    link = contexts * c.contest_ns.value
    link_memory = c.worker_bytes.value + 20.0 * recipe.link.max_contenders
    counted = c.load_ns.value + c.events.value * c.event_ns.value
    link += recipe.link.permutations * contexts * counted
    if recipe.link.permutations:
        link_memory += 60.0 * min(recipe.link.block_tokens, contexts)
    lexicon = contexts * (counted + recipe.lexicon.rounds * c.contest_ns.value)
    lexicon_memory = memory + 60.0 * recipe.lexicon.max_pairs
    packed, counts = contexts * c.packed_bytes.value, distinct * c.counts_bytes.value
    return [
        StageCost("contexts", cut * _NS / _HOUR, cut_memory, lines, packed),
        StageCost("count", counting.core_hours, memory, counting.sent_bytes, counts),
        StageCost("link", link * _NS / _HOUR, link_memory, None, 0.0),
        StageCost("lexicon", lexicon * _NS / _HOUR, lexicon_memory, None, 0.0),
        StageCost("pivot", c.pivot_seconds.value / _HOUR, c.worker_bytes.value, None, 0.0),
    ]


def _selection_stages(sized: Plan, recipe: Recipe, c: Constants) -> list[StageCost]:
    """From pivots to shards."""
    base, links = c.worker_bytes.value, recipe.score.max_links
    score = sized.n_tokens * c.score_ns.value * _NS
    score_memory = base + 32.0 * links + 16.0 * recipe.score.max_repeated_segments
    score_disk = sized.n_documents * c.score_bytes.value
    n_arms, formats = len(recipe.select.arms), recipe.shard.formats
    select = sized.n_documents * n_arms * c.select_us.value * _US
    select_memory = base + 10.0 * recipe.select.max_round_links + 24.0 * links
    bought = min(recipe.select.budget_tokens, sized.n_tokens) * n_arms
    shard = bought * c.token_bytes.value / c.document_bytes.value * len(formats)
    id_bytes = 2.0 if recipe.tokenize.vocab_size <= 2**16 else 4.0
    as_text = c.token_bytes.value * c.documents_share.value
    shards = bought * sum(id_bytes if f in _TOKEN_FORMATS else as_text for f in formats)
    repeated = _segments(sized, c) * c.line_bytes.value
    written = base + ROW_GROUP_BYTES
    return [
        StageCost("score", score / _HOUR, score_memory, repeated, score_disk),
        StageCost("select", select / _HOUR, select_memory, None, 0.0),
        StageCost("shard", shard * c.shard_us.value * _US / _HOUR, written, None, shards),
    ]


def _segments(sized: Plan, c: Constants) -> float:
    return sized.n_tokens / c.segment_tokens.value
