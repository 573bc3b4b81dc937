"""How contexts would be counted, and the settings that an operator should choose for it.

All steps of a run are linear in the text but one: the distinct pairs of a chunk grow with the power
`growth` of its tokens. The larger a chunk, the more often its pairs are the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pivotmine.ask.plan_constants import MEASURED, Constants

if TYPE_CHECKING:
    from pivotmine.recipe import Recipe

MAX_CHUNK_TOKENS = 2**31 - 1
PAIR_BLOCK_BYTES = 30e6

_NS, _HOUR = 1e-9, 3600.0


@dataclass(frozen=True)
class Counting:
    """How contexts would be counted with chunks of one size."""

    chunk_tokens: int
    n_chunks: float
    pairs: float
    """Sent in one pass; 0 where all contexts are one chunk."""

    shuffle_bytes: float
    """Bytes shuffled in one pass."""

    two_passes: bool
    core_hours: float
    sent_bytes: float
    """Bytes shuffled in all passes."""


@dataclass(frozen=True)
class Advice:
    """A setting that an operator should choose."""

    setting: str
    value: str
    reason: str


def count(
    context_tokens: float,
    chunk_tokens: int,
    max_shuffle_bytes: float,
    constants: Constants = MEASURED,
) -> Counting:
    """Cost of stage `count`, in one pass or, where that would shuffle too much, in two."""
    c = constants
    n_chunks = max(context_tokens / chunk_tokens, 1.0)
    in_chunk = c.chunk_pairs.value * (chunk_tokens / c.chunk_tokens.value) ** c.growth.value
    pairs = n_chunks * in_chunk if n_chunks > 1 else 0.0
    shuffle_bytes = pairs * c.pair_bytes.value
    two_passes = shuffle_bytes > max_shuffle_bytes
    load = context_tokens * c.load_ns.value
    multiply = context_tokens * c.events.value * c.event_ns.value
    send = pairs * c.pair_ns.value
    if two_passes:
        sketch = pairs * c.sketch_ns.value
        nanoseconds = 3 * load + 2 * (multiply + sketch) + send * c.sent_share.value
        sent_bytes = shuffle_bytes * c.sent_share.value
    else:
        nanoseconds, sent_bytes = 2 * load + multiply + send, shuffle_bytes
    core_hours = nanoseconds * _NS / _HOUR
    return Counting(
        chunk_tokens, n_chunks, pairs, shuffle_bytes, two_passes, core_hours, sent_bytes
    )


def chunk_bytes(
    chunk_tokens: float, sketch_bytes: float = 0.0, constants: Constants = MEASURED
) -> float:
    """Memory of a task that counts a chunk, with the sketch of the first of two passes."""
    held = chunk_tokens * constants.context_memory.value
    return held + PAIR_BLOCK_BYTES + constants.worker_bytes.value + sketch_bytes


def advise(
    given: Counting,
    context_tokens: float,
    possible_pairs: float,
    other_task_bytes: float,
    recipe: Recipe,
    core_bytes: float,
    c: Constants,
) -> list[Advice]:
    """Settings for a corpus of `context_tokens`, beside how it is counted with those `given`.

    Parameters
    ----------
    possible_pairs
        Pairs of nodes of different languages that the vocabulary allows.
    other_task_bytes
        Memory of the largest Python worker of all other stages.
    """
    max_shuffle = recipe.count.max_shuffle_bytes
    best, sketch = _best_counting(context_tokens, possible_pairs, max_shuffle, core_bytes, c)
    chunk = best.chunk_tokens
    one = "one chunk holds all contexts, so nothing is shuffled"
    several = (
        f"the largest that fits {core_bytes / 1e9:g} GB a core: {best.core_hours:,.1f} core-hours "
        f"for `count`, with the recipe's {given.chunk_tokens:,} {given.core_hours:,.1f}"
    )
    reason = one if best.n_chunks <= 1 else several
    found = [Advice("count.chunk_tokens", f"{chunk:,}", reason)]
    shuffled = f"one pass shuffles {best.shuffle_bytes / 1e12:.2g} TB"
    if best.two_passes:
        found += [
            Advice(
                "passes",
                "two",
                f"{shuffled}, more than count.max_shuffle_bytes ({max_shuffle / 1e12:.2g} TB); "
                "raise that where scratch disks take it and most pairs reach min_count",
            ),
            Advice("count.sketch_bytes", f"{sketch:,.0f}", "a byte for each pair that can exist"),
        ]
    else:
        found.append(Advice("passes", "one", shuffled))
    counting = chunk_bytes(min(chunk, context_tokens), sketch, c)
    found.append(
        Advice(
            "spark.executor.memoryOverhead",
            f"{max(other_task_bytes, counting) / 2**30:.1f} GiB a core",
            "the largest Python worker of any stage, beside the JVM's own memory",
        )
    )
    mean = context_tokens * c.events.value / max(possible_pairs, 1.0)
    if mean / 10 > recipe.count.min_count:
        found.append(
            Advice(
                "count.min_count",
                f"{_one_digit(mean / 10):,}",
                f"a tenth of the mean of the pairs that can exist ({mean:,.0f}): rarer pairs say "
                "little in a corpus of this size",
            )
        )
    return found


def _best_counting(
    context_tokens: float,
    possible_pairs: float,
    max_shuffle: float,
    core_bytes: float,
    c: Constants,
) -> tuple[Counting, float]:
    """Counting with the best chunk that fits a core, and the bytes of its sketch."""
    chunk = _best_chunk(context_tokens, core_bytes, 0.0, c)
    best = count(context_tokens, chunk, max_shuffle, c)
    if not best.two_passes:
        return best, 0.0
    # The first pass holds a sketch beside its chunk.
    sketch = min(_rounded_up(possible_pairs), core_bytes / 2)
    chunk = _best_chunk(context_tokens, core_bytes, sketch, c)
    return count(context_tokens, chunk, max_shuffle, c), sketch


def _best_chunk(context_tokens: float, core_bytes: float, sketch_bytes: float, c: Constants) -> int:
    """As many tokens as fit, or as there are; at least a million."""
    room = core_bytes - chunk_bytes(0.0, sketch_bytes, c)
    fitting = min(max(room / c.context_memory.value, 1e6), MAX_CHUNK_TOKENS)
    # A quarter more than was estimated: one chunk too many costs a shuffle of everything.
    needed = max(_rounded_up(1.25 * context_tokens), 1e6)
    return int(min(fitting, needed))


def _rounded_up(value: float) -> float:
    """To two significant digits."""
    step = 10.0 ** (math.floor(math.log10(max(value, 1.0))) - 1)
    return math.ceil(value / step) * step


def _one_digit(value: float) -> int:
    """The nearest whole number with one significant digit."""
    step = 10 ** math.floor(math.log10(value)) if value >= 1 else 1
    return max(round(value / step) * int(step), 1)
