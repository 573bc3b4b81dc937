"""The corpora on which all ways count.

zipf
    A synthetic corpus; contexts are documents. It has many pairs.
real
    Text of a lake; contexts are windows. It has fewer pairs, and real skew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from bench.counting import lakes, zipf
from bench.counting.contenders import WAYS
from bench.counting.prepare import Prepared, prepare
from bench.counting.race import race, run_way
from bench.counting.results import Limits, Outcome, Section
from bench.counting.zipf import Zipf
from bench.machine import without_paths
from pivotmine.errors import PivotMineError
from pivotmine.lake.lake import Lake
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from pivotmine.text.language_code import ISO_639_1

CORPORA = ("zipf", "real")


@dataclass(frozen=True)
class Plan:
    """What is run."""

    corpora: tuple[str, ...]
    sizes: tuple[float, ...]
    documents: int
    """Documents of the synthetic corpus at 1x."""

    languages: int
    ways: tuple[str, ...]
    limits: Limits
    recipe: str
    """Of a lake of real text."""

    work: Path


def sections(plan: Plan) -> Iterator[Section]:
    """Run everything, a corpus at a time."""
    if "pivotmine" in plan.ways:
        _warm_up(plan)
    for name in plan.corpora:
        print(f"{name}: preparing the input")
        try:
            yield _zipf(plan) if name == "zipf" else _real(plan)
        except PivotMineError as error:
            # The other corpora are measured even if one is missing.
            yield Section(name, name, "", problem=without_paths(str(error)))


def _zipf(plan: Plan) -> Section:
    text = (
        f"Synthetic: Zipf-distributed tokens, {Zipf.words:,} words in each of {plan.languages} "
        f"languages, sentences of {zipf.SENTENCE_TOKENS} tokens, {Zipf.second_share:.0%} of them "
        f"in a second language; {plan.documents:,} documents at 1x. All sizes have the vocabulary "
        f"of {max(plan.sizes):g}x, and so the same infrequent tokens."
    )
    section = Section("zipf", "Synthetic Zipf corpus", text)
    return _race(section, _zipf_inputs(plan), plan)


def _real(plan: Plan) -> Section:
    recipe = load_recipe(plan.recipe, plan.limits.overrides)
    lake = Lake(recipe.lake, read_only=True)
    made_from = lakes.snapshots(lake)
    inputs = {}
    for size in plan.sizes:
        share = size / max(plan.sizes)
        inputs[size] = prepare(
            plan.work / f"real-{size:g}x",
            {"snapshots": made_from, "share": share},
            lakes.batches(lake, share),
            lake.read("vocabulary").sort_by("token_id"),
            _recipe(plan, recipe.languages, "window"),
            recount=False,
        )
    text = (
        f"Real text: the lake of {without_paths(plan.recipe)}, languages "
        f"{', '.join(recipe.languages)}. {max(plan.sizes):g}x is all of it; smaller sizes are "
        "shares of its documents by hash, none repeated."
    )
    return _race(Section("real", "Real text", text), inputs, plan)


def _race(section: Section, inputs: Mapping[float, Prepared], plan: Plan) -> Section:
    chosen = [WAYS[name] for name in plan.ways]
    folder = plan.work / "runs" / section.name
    outcomes = []
    for outcome in race(inputs, chosen, plan.limits, folder):
        _print_outcome(outcome)
        outcomes.append(outcome)
    facts = {size: prepared.facts for size, prepared in sorted(inputs.items())}
    return replace(section, facts=facts, outcomes=tuple(outcomes))


def _print_outcome(outcome: Outcome) -> None:
    text = f"{outcome.status}: {outcome.reason}"
    if outcome.status == "counted":
        text = f"{outcome.seconds:.2f} s, {outcome.process_seconds:.1f} s with start"
    label = f"{outcome.size:g}x {WAYS[outcome.way].label}"
    print(f"{datetime.now(UTC):%H:%M:%S} {label}: {text}", flush=True)


def _warm_up(plan: Plan) -> None:
    """Run PivotMine once on a tiny corpus, so that numba's cache fills outside of any timing."""
    print("warming up: compiling kernels into numba's cache")
    prepared = _prepare_zipf(replace(plan, documents=50), 1, plan.work / "warm-up")
    once = replace(plan.limits, repeat=1, max_seconds=float("inf"))
    outcome = run_way(WAYS["pivotmine"], 1, prepared, once, plan.work / "runs" / "warm-up")
    if outcome.status != "counted":
        raise PivotMineError(f"PivotMine does not count 50 documents: {outcome.reason}")


def _zipf_inputs(plan: Plan) -> dict[float, Prepared]:
    """Inputs by size. Each is the beginning of the largest, and has its vocabulary."""
    *smaller, last = plan.sizes
    largest = _prepare_zipf(plan, last, plan.work / f"zipf-{last:g}x")
    found = {
        size: _prepare_zipf(plan, size, plan.work / f"zipf-{size:g}x", largest) for size in smaller
    }
    return {**found, last: largest}


def _prepare_zipf(
    plan: Plan, size: float, folder: Path, vocabulary_of: Prepared | None = None
) -> Prepared:
    languages = tuple(sorted(ISO_639_1)[: plan.languages])
    corpus = Zipf(round(plan.documents * size), languages)
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
        _recipe(plan, languages, "document"),
        recount=vocabulary_of is None,
    )


def _recipe(plan: Plan, languages: Sequence[str], context: str) -> Recipe:
    settings = (f"languages=[{', '.join(languages)}]", f"count.context={context}")
    return load_recipe(None, [*plan.limits.overrides, *settings])
