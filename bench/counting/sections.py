"""Which ways meet on which corpora.

zipf
    A synthetic corpus; contexts are documents. It has many pairs.
real
    Text of a lake; contexts are windows, as in the recipe. It has fewer pairs, and real skew.
kernel
    The contexts of `zipf` in memory: one thread, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from bench.corpora import lakes, zipf
from bench.corpora.zipf import Zipf
from bench.counting.prepare import Prepared, prepare
from bench.counting.race import Limits, race, run_way
from bench.counting.results import Outcome, Section
from bench.counting.ways import KERNEL_WAYS, STAGE_WAYS, WAYS, Way
from bench.machine import without_paths
from pivotmine.errors import PivotMineError
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe

CORPORA = ("zipf", "real", "kernel")
KERNEL_SIZE = 4
"""Largest size for the kernel alone; growth is a matter of the stage."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to run."""

    corpora: tuple[str, ...]
    sizes: tuple[float, ...]
    documents: int
    """Documents of the synthetic corpus at 1x."""

    languages: int
    ways: tuple[str, ...]
    limits: Limits
    lake: str | None
    """Real text; None for the demo's lake."""

    work: Path


def sections(plan: Plan, say: Say, progress: Callable[[Outcome], None]) -> Iterator[Section]:
    """Run everything, a corpus at a time."""
    _warm_up(plan, say)
    for name in plan.corpora:
        say(f"{name}: preparing the input")
        try:
            yield from _MAKERS[name](plan, say, progress)
        except PivotMineError as error:
            # One corpus that is missing does not keep the others from being measured.
            yield Section(name, name, "", problem=without_paths(str(error)))


def _zipf(plan: Plan, say: Say, progress: Callable[[Outcome], None]) -> Iterator[Section]:
    inputs = _zipf_inputs(plan)
    text = (
        f"Synthetic: Zipf-distributed tokens, {zipf.Zipf.words:,} words in each of "
        f"{plan.languages} languages, sentences of {zipf.SENTENCE_TOKENS} tokens, "
        f"{zipf.Zipf.second_share:.0%} of them in a second language; "
        f"{plan.documents:,} documents at 1x. The vocabulary, and so what is left out as "
        f"infrequent, is that of {max(plan.sizes):g}x at all sizes."
    )
    section = Section("zipf", "Synthetic Zipf corpus", text)
    yield _race(section, inputs, _chosen(plan, STAGE_WAYS), plan, say, progress)


def _kernel(plan: Plan, say: Say, progress: Callable[[Outcome], None]) -> Iterator[Section]:
    inputs = _zipf_inputs(plan)
    few = {size: inputs[size] for size in plan.sizes if size <= KERNEL_SIZE} or inputs
    text = (
        "The contexts of the synthetic corpus in memory; every way on one thread. Seconds are "
        "those of counting alone: no reading, no writing, no minimum."
    )
    section = Section("kernel", "The kernel alone", text)
    yield _race(section, few, _chosen(plan, KERNEL_WAYS), plan, say, progress)


def _real(plan: Plan, say: Say, progress: Callable[[Outcome], None]) -> Iterator[Section]:
    lake = lakes.open_lake(plan.lake) if plan.lake else lakes.lake_of_demo(say)
    origin = "a given lake" if plan.lake else "the demo corpus"
    languages = lakes.languages_of(lake)
    snapshots = [lake.snapshot(name) for name in ("tokens", "vocabulary")]
    made_from = [snapshot.snapshot_id for snapshot in snapshots if snapshot]
    inputs = {}
    for size in plan.sizes:
        share = size / max(plan.sizes)
        inputs[size] = prepare(
            plan.work / f"real-{size:g}x",
            {"snapshots": made_from, "share": share},
            lakes.batches(lake, share),
            lakes.vocabulary(lake),
            _recipe(plan, languages, "window"),
            recount=False,
        )
    text = (
        f"Real text: {origin}, languages {', '.join(languages)}. {max(plan.sizes):g}x is all of "
        "it; smaller sizes are shares of its documents by hash, none repeated."
    )
    section = Section("real", "Real text", text)
    yield _race(section, inputs, _chosen(plan, STAGE_WAYS), plan, say, progress)


_MAKERS = {"zipf": _zipf, "real": _real, "kernel": _kernel}


def _race(
    section: Section,
    inputs: dict[float, Prepared],
    ways: Sequence[Way],
    plan: Plan,
    say: Say,
    progress: Callable[[Outcome], None],
) -> Section:
    largest = inputs[max(inputs)].facts
    say(
        f"{section.name}: {len(inputs)} sizes, the largest {largest.n_tokens:,} tokens in "
        f"{largest.n_contexts:,} mixed contexts with {largest.pair_events:,} pair events"
    )
    outcomes = race(inputs, ways, plan.limits, plan.work / "runs" / section.name, progress)
    facts = {size: prepared.facts for size, prepared in sorted(inputs.items())}
    return replace(section, facts=facts, outcomes=tuple(outcomes))


def _warm_up(plan: Plan, say: Say) -> None:
    """Run PivotMine once on a tiny corpus, so that numba's cache fills outside of any timing."""
    if "pivotmine" not in plan.ways:
        return
    say("warming up: compiling kernels into numba's cache")
    corpus = replace(_corpus(plan, 1), n_documents=50)
    prepared = _prepare_zipf(plan, plan.work / "warm-up", corpus, "document")
    once = replace(plan.limits, repeat=1, max_seconds=float("inf"))
    outcome = run_way(WAYS["pivotmine"], 1, prepared, once, plan.work / "runs" / "warm-up")
    if outcome.status != "counted":
        raise PivotMineError(f"PivotMine does not count 50 documents: {outcome.reason}")


def _zipf_inputs(plan: Plan) -> dict[float, Prepared]:
    """Inputs by size. All have the vocabulary of the largest, of which they are the beginning."""

    def prepare_size(size: float, vocabulary_of: Prepared | None = None) -> Prepared:
        folder = plan.work / f"zipf-{size:g}x"
        return _prepare_zipf(plan, folder, _corpus(plan, size), "document", vocabulary_of)

    *smaller, last = plan.sizes
    largest = prepare_size(last)
    return {**{size: prepare_size(size, largest) for size in smaller}, last: largest}


def _corpus(plan: Plan, size: float) -> Zipf:
    languages = tuple(f"l{chr(ord('a') + i)}" for i in range(plan.languages))
    return Zipf(round(plan.documents * size), languages)


def _prepare_zipf(
    plan: Plan, folder: Path, corpus: Zipf, context: str, vocabulary_of: Prepared | None = None
) -> Prepared:
    if vocabulary_of is None:
        vocabulary, frequencies_from = zipf.vocabulary(corpus), corpus.n_documents
    else:
        vocabulary = pq.read_table(vocabulary_of.vocabulary_file)
        frequencies_from = vocabulary_of.facts.n_documents
    return prepare(
        folder,
        {**asdict(corpus), "frequencies_from": frequencies_from},
        zipf.batches(corpus),
        vocabulary,
        _recipe(plan, corpus.languages, context),
        recount=vocabulary_of is None,
    )


def _recipe(plan: Plan, languages: Sequence[str], context: str) -> Recipe:
    settings = (f"languages=[{', '.join(languages)}]", f"count.context={context}")
    return load_recipe(None, [*plan.limits.overrides, *settings])


def _chosen(plan: Plan, ways: Sequence[Way]) -> list[Way]:
    return [way for way in ways if way.name in plan.ways]
