"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench import tables
from bench.counting.contenders import WAYS
from bench.counting.results import Results, Section, growth_exponent

_FACTS = (
    *("size", "documents", "tokens", "mixed contexts", "pair events", "distinct pairs"),
    *("at min_count", "ways that agree"),
)
_DETAIL = (
    *("size", "way", "threads", "seconds", "with start", "M events/s a core", "peak MiB"),
    *("worker MiB", "x the first", "x with start"),
)
_MIB = 2**20
_METHOD = """\
Each way runs in a process of its own, on the same input, and writes its pairs as Parquet. *seconds*
begins when the input is opened (libraries imported, Spark session open) and ends when the last pair
is written; *with start* is the whole process. Memory is the proportional set size of the process
tree; *worker* is the largest Python process below the first.

The comparison favours the rivals. PivotMine's stage reads raw rows of tables `tokens` and
`vocabulary`, cuts contexts, counts in folds, counts margins, and commits two tables. The rivals get
contexts that are already cut, without repetitions and infrequent tokens, one file a language in the
layout that suits them, and write only the sums. Their contexts are cut by code that shares nothing
with PivotMine's, so agreement checks the cutting, too: the number of pairs, the sum of counts and a
checksum over all (a, b, n) must be equal.
"""


def write_page(results: Results, folder: Path, stem: str) -> None:
    """Write `folder`/`stem`.md."""
    limits = results.limits
    exact = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    text = [
        f"# Counting, {results.started_at[:10]}\n",
        f"`{results.command}`, commit {results.commit}.\n",
        f"Machine: {results.machine}. {exact}.\n",
        _METHOD,
        f"Every way may use {limits.threads} threads, {limits.max_seconds:g} s and "
        f"{limits.max_bytes / 2**30:.1f} GiB. Seconds are the median of at most {limits.repeat} "
        "runs; memory is the largest.\n",
    ]
    for section in results.sections:
        text += section_lines(section)
    text.append("## The ways\n")
    used = dict.fromkeys(way for section in results.sections for way in section.ways())
    text += [f"* **{WAYS[way].label}** (`{way}`): {WAYS[way].doc}." for way in used]
    (folder / f"{stem}.md").write_text("\n".join(text) + "\n", encoding="utf-8")


def section_lines(section: Section) -> list[str]:
    """A section as Markdown."""
    if section.problem:
        return [f"## {section.title}\n", f"Not measured: {section.problem}\n"]
    facts = next(iter(section.facts.values()))
    window = f" of at most {facts.window_tokens} tokens" if facts.window_tokens else ""
    return [
        f"## {section.title}\n",
        f"{section.text} A context is a {facts.context}{window}; pairs that meet "
        f"{facts.min_count} times or more are kept.\n",
        *tables.markdown(_FACTS, _fact_rows(section)),
        *tables.markdown(_DETAIL, _detail_rows(section)),
        *_growth(section),
    ]


def _growth(section: Section) -> Iterator[str]:
    """How seconds and memory grow with the input; 1 is in proportion."""
    if len(section.facts) > 1:
        yield "Exponents of growth, of seconds and of peak memory:\n"
    for way in section.ways():
        found = section.counted(way)
        values = ([o.seconds for o in found.values()], [o.peak_bytes for o in found.values()])
        slopes = [growth_exponent(list(found), list(map(float, each))) for each in values]
        if None not in slopes:
            yield f"* {WAYS[way].label}: {slopes[0]:.2f}, {slopes[1]:.2f}"
    yield ""


def _fact_rows(section: Section) -> Iterator[tuple[str, ...]]:
    """A row for each size, with the size of its input."""
    for size, facts in section.facts.items():
        found = [outcome for outcome in section.outcomes if outcome.size == size]
        answers = [outcome.answer for outcome in found if outcome.answer]
        distinct = [outcome.n_distinct for outcome in found if outcome.n_distinct]
        counts = (facts.n_documents, facts.n_tokens, facts.n_contexts, facts.pair_events)
        yield (
            f"{size:g}x",
            *(f"{n:,}" for n in counts),
            f"{distinct[0]:,}" if distinct else "",
            f"{answers[0].n_pairs:,}" if answers else "",
            str(len(answers)),
        )


def _detail_rows(section: Section) -> Iterator[tuple[str, ...]]:
    """A row for each way and size; a way that did not count has the reason."""
    first_way = section.ways()[0]
    for outcome in section.outcomes:
        name = (f"{outcome.size:g}x", WAYS[outcome.way].label, str(outcome.threads))
        if outcome.status != "counted":
            yield (*name, f"{outcome.status}: {outcome.reason}", *([""] * 6))
            continue
        first = section.counted(first_way).get(outcome.size)
        events = section.facts[outcome.size].pair_events
        yield (
            *name,
            tables.seconds(outcome.seconds),
            tables.seconds(outcome.process_seconds),
            tables.ratio(events / outcome.seconds / outcome.threads / 1e6),
            f"{outcome.peak_bytes / _MIB:,.0f}",
            f"{outcome.worker_bytes / _MIB:,.0f}" if outcome.worker_bytes else "",
            tables.ratio(outcome.seconds / first.seconds) if first else "",
            tables.ratio(outcome.process_seconds / first.process_seconds) if first else "",
        )
