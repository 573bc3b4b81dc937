"""Which ways meet on which corpora.

zipf
    A synthetic corpus, documents as contexts: many pairs, and figures that compare with others'.
real
    Text of a lake, contexts as its recipe has them (windows): fewer pairs, real skew.
kernel
    The contexts of `zipf` in memory, one thread, no files.
skew
    One token in every context and one document of 12 M tokens (50 MB of text), beside a corpus of
    as many tokens without either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from bench.counting import real, zipf
from bench.counting.machine import without_paths
from bench.counting.prepare import Prepared, prepare
from bench.counting.race import Limits, race, run_way
from bench.counting.results import Outcome, Section
from bench.counting.ways import KERNEL_WAYS, STAGE_WAYS, WAYS, Way
from bench.counting.zipf import Zipf
from pivotmine.errors import PivotMineError
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe

CORPORA = ("zipf", "real", "kernel", "skew")
SKEW_WAYS = ("pivotmine", "duckdb")
SKEW_SIZE = 4
"""Ordinary documents of the skewed corpus, as a multiple of the smallest size."""

KERNEL_SIZE = 4
"""Largest size for the kernel alone; growth is a matter of the stage."""

LONG_DOCUMENT_TOKENS = 12_000_000
FULL_DOCUMENTS = 4_000
"""Documents of 1x at full scale; the long document shrinks with them in smaller runs."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is asked for."""

    corpora: tuple[str, ...]
    sizes: tuple[float, ...]
    documents: int
    """Documents of the synthetic corpus at 1x."""

    languages: int
    ways: tuple[str, ...]
    limits: Limits
    context: str | None
    """In place of each corpus's own."""

    lake: str | None
    docs: str | None
    work: Path


def sections(plan: Plan, say: Say, progress: Callable[[Outcome], None]) -> Iterator[Section]:
    """Run everything, a corpus at a time."""
    _warm_up(plan, say)
    for name in plan.corpora:
        say(f"{name}: preparing the input")
        try:
            yield from _MAKERS[name](plan, say, progress)
        except PivotMineError as error:
            # A corpus that cannot be had is reported; the others are measured all the same.
            yield Section(name, name, "", problem=without_paths(str(error)))


def _zipf(plan: Plan, say: Say, progress: Callable[[Outcome], None]) -> Iterator[Section]:
    inputs = _zipf_inputs(plan)
    text = (
        f"Synthetic: Zipf-distributed tokens, {zipf.Zipf.words:,} words in each of "
        f"{plan.languages} languages, sentences of {zipf.SENTENCE_TOKENS} tokens, "
        f"{zipf.Zipf.second_share:.0%} of them in a second language; "
        f"{plan.documents:,} documents at 1x. The vocabulary, and so what is left out as "
        f"infrequent, is that of {max(plan.sizes):g}x throughout."
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
    if plan.lake:
        lake, origin = real.open_lake(plan.lake), "a given lake"
    elif plan.docs:
        say("real: tokens and vocabulary of the given documents")
        lake = real.lake_of_documents(plan.docs, plan.work / "documents", plan.limits.overrides)
        origin = "given documents"
    else:
        lake, origin = real.lake_of_demo(say), "the demo corpus"
    languages = real.languages_of(lake)
    snapshots = [lake.snapshot(name) for name in ("tokens", "vocabulary")]
    made_from = [snapshot.snapshot_id for snapshot in snapshots if snapshot]
    inputs = {}
    for size in plan.sizes:
        share = size / max(plan.sizes)
        inputs[size] = prepare(
            plan.work / f"real-{size:g}x",
            {"snapshots": made_from, "share": share},
            real.batches(lake, share),
            real.vocabulary(lake),
            _config(plan, languages, None),
            recount=False,
        )
    text = (
        f"Real text: {origin}, languages {', '.join(languages)}. {max(plan.sizes):g}x is all of "
        "it; smaller sizes are shares of its documents by hash, none repeated."
    )
    section = Section("real", "Real text", text)
    yield _race(section, inputs, _chosen(plan, STAGE_WAYS), plan, say, progress)


def _skew(plan: Plan, say: Say, progress: Callable[[Outcome], None]) -> Iterator[Section]:
    long_tokens = LONG_DOCUMENT_TOKENS * plan.documents // FULL_DOCUMENTS
    base = _corpus(plan, SKEW_SIZE)
    more = round(long_tokens / base.document_tokens)
    plain = replace(base, n_documents=base.n_documents + more)
    skewed = replace(base, hot_token=True, long_document_tokens=long_tokens)
    ways = [way for way in _chosen(plan, STAGE_WAYS) if way.name in SKEW_WAYS]
    sections = (
        Section("unskewed", "Without skew", "Synthetic, as many tokens as the skewed corpus."),
        Section(
            "skewed",
            "With skew",
            f"Synthetic: one token in every context, and one document of {long_tokens:,} tokens.",
        ),
    )
    for section, corpus in zip(sections, (plain, skewed), strict=True):
        say(f"skew: preparing the corpus {section.title.lower()}")
        prepared = _prepare_zipf(plan, plan.work / section.name, corpus, "window")
        yield _race(section, {1.0: prepared}, ways, plan, say, progress)


_MAKERS = {"zipf": _zipf, "real": _real, "kernel": _kernel, "skew": _skew}


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
    """Run PivotMine once on a tiny corpus: numba's cache on disk fills outside of any timing."""
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
    """By size. The vocabulary is that of the largest, of which the others are the beginning."""

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
        _config(plan, corpus.languages, context),
        recount=vocabulary_of is None,
    )


def _config(plan: Plan, languages: Sequence[str], context: str | None) -> Recipe:
    chosen = plan.context or context
    contexts = [f"count.context={chosen}"] if chosen else []
    return load_recipe(
        None, [*plan.limits.overrides, f"languages=[{', '.join(languages)}]", *contexts]
    )


def _chosen(plan: Plan, ways: Sequence[Way]) -> list[Way]:
    return [way for way in ways if way.name in plan.ways]
