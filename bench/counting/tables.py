"""What a person reads: the same rows as tables in a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from bench.counting.results import Outcome, Results, Section, growth_exponent
from bench.counting.ways import WAYS

DETAIL = (
    "size",
    "way",
    "threads",
    "seconds",
    "with start",
    "M events/s a core",
    "peak MiB",
    "worker MiB",
    "x PivotMine",
    "x with start",
)
_MIB = 2**20


def detail_rows(section: Section) -> Iterator[tuple[str, ...]]:
    """A row for each way and size; those that did not count say why."""
    reference = "kernel" if section.name == "kernel" else "pivotmine"
    for size, facts in section.facts.items():
        first = section.counted(reference).get(size)
        for outcome in (o for o in section.outcomes if o.size == size):
            name = (f"{size:g}x", WAYS[outcome.way].label, str(outcome.threads))
            if outcome.status != "counted":
                yield (*name, _why(outcome), *([""] * 6))
                continue
            rate = facts.pair_events / outcome.seconds / outcome.threads / 1e6
            ratios = ("", "")
            if first is not None:
                ratios = (
                    _ratio(outcome.seconds / first.seconds),
                    _ratio(outcome.process_seconds / first.process_seconds),
                )
            yield (
                *name,
                _seconds(outcome.seconds),
                _seconds(outcome.process_seconds),
                _ratio(rate),
                f"{outcome.peak_bytes / _MIB:,.0f}",
                f"{outcome.worker_bytes / _MIB:,.0f}" if outcome.worker_bytes else "",
                *ratios,
            )


def growth_rows(section: Section) -> Iterator[tuple[str, ...]]:
    """A row for each way: seconds at every size, and the exponents of time and memory."""
    for way in section.ways():
        counted = section.counted(way)
        cells = [_seconds(counted[s].seconds) if s in counted else "-" for s in section.facts]
        sizes = list(counted)
        exponents = (
            growth_exponent(sizes, [o.seconds for o in counted.values()]),
            growth_exponent(sizes[-2:], [o.seconds for o in counted.values()][-2:]),
            growth_exponent(sizes, [float(o.peak_bytes) for o in counted.values()]),
        )
        yield (WAYS[way].label, *cells, *("" if e is None else f"{e:.2f}" for e in exponents))


def growth_header(section: Section) -> tuple[str, ...]:
    """Header of `growth_rows`."""
    sizes = (f"{size:g}x" for size in section.facts)
    return ("way", *sizes, "exponent of time", "of its last step", "of memory")


def fact_rows(section: Section) -> Iterator[tuple[str, ...]]:
    """A row for each size: what there was to count."""
    for size, facts in section.facts.items():
        answers = [o.answer for o in section.outcomes if o.size == size and o.answer]
        distinct = [
            o.extra["distinct_pairs"]
            for o in section.outcomes
            if o.size == size and "distinct_pairs" in o.extra
        ]
        yield (
            f"{size:g}x",
            f"{facts.n_documents:,}",
            f"{facts.n_tokens:,}",
            f"{facts.n_contexts:,}",
            f"{facts.pair_events:,}",
            f"{distinct[0]:,.0f}" if distinct else "",
            f"{answers[0].n_pairs:,}" if answers else "",
            str(len(answers)),
        )


FACTS = (
    "size",
    "documents",
    "tokens",
    "mixed contexts",
    "pair events",
    "distinct pairs",
    "at min_count",
    "ways that agree",
)


def sketch_lines(section: Section) -> Iterator[str]:
    """How much the approximate way over-counts."""
    for outcome in section.outcomes:
        extra = outcome.extra
        if "over_count_mean" in extra:
            yield (
                f"{WAYS[outcome.way].label} at {outcome.size:g}x: "
                f"{extra['sketch_bytes'] / _MIB:.0f} MiB; the {extra['heaviest_pairs']:,.0f} "
                f"heaviest pairs meet {extra['heaviest_mean']:,.0f} times in the mean, and are "
                f"over-counted by {extra['over_count_mean']:.1f} in the mean, "
                f"{extra['over_count_max']:,.0f} at most."
            )


def skew_lines(sections: Sequence[Section]) -> Iterator[str]:
    """Seconds a pair event with skew over those without."""
    by_name = {section.name: section for section in sections}
    if not {"skewed", "unskewed"} <= set(by_name):
        return
    for way in by_name["skewed"].ways():
        times = []
        for name in ("skewed", "unskewed"):
            outcome = by_name[name].counted(way).get(1.0)
            if outcome is not None:
                times.append(outcome.seconds / by_name[name].facts[1.0].pair_events * 1e9)
        if len(times) == 2:
            yield (
                f"{WAYS[way].label}: {times[0]:.1f} ns a pair event with skew, {times[1]:.1f} "
                f"without; {times[0] / times[1]:.2f} times as long."
            )


def print_section(console: Console, section: Section) -> None:
    """Tables of a section on a terminal."""
    console.rule(section.title)
    if section.problem:
        console.print(f"not measured: {section.problem}", markup=False)
        return
    console.print(section.text, markup=False)
    _print(console, FACTS, fact_rows(section), 1)
    _print(console, DETAIL, detail_rows(section), 2)
    if len(section.facts) > 1:
        _print(console, growth_header(section), growth_rows(section), 1)
    for line in sketch_lines(section):
        console.print(line, markup=False)


def markdown(results: Results, plots: dict[str, str]) -> str:
    """The page: where, how, tables, plots.

    Parameters
    ----------
    plots
        File name of the plot of a section, by its name.
    """
    machine = results.machine
    exact = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    lines = [
        f"# Counting, {results.started_at[:10]}",
        "",
        f"`{results.command}`, commit {results.commit}.",
        "",
        f"Machine: {machine.cores} cores ({machine.cpu}), {machine.memory_bytes / 2**30:.1f} GiB, "
        f"{machine.system}, Python {machine.python}, {machine.java}. {exact}.",
        "",
        *_METHOD,
        "",
        f"Every way may use {results.threads} threads, {results.max_seconds:g} s and "
        f"{results.max_bytes / 2**30:.1f} GiB. Seconds are the median of at most {results.repeat} "
        f"runs (no further run after {results.repeat_seconds:g} s); memory is the largest.",
        "",
    ]
    for section in results.sections:
        lines += [f"## {section.title}", ""]
        if section.problem:
            lines += [f"Not measured: {section.problem}", ""]
            continue
        context = next(iter(section.facts.values()))
        window = f" of at most {context.window_tokens} tokens" if context.window_tokens else ""
        lines += [
            f"{section.text} A context is a {context.context}{window}; pairs that meet "
            f"{context.min_count} times or more are kept.",
            "",
        ]
        lines += [*_table(FACTS, fact_rows(section)), ""]
        if section.name in plots:
            lines += [f"![time and memory over size]({plots[section.name]})", ""]
        if len(section.facts) > 1:
            lines += ["Seconds:", "", *_table(growth_header(section), growth_rows(section)), ""]
        lines += [*_table(DETAIL, detail_rows(section)), ""]
        lines += [line for said in sketch_lines(section) for line in (said, "")]
    skew = list(skew_lines(results.sections))
    if skew:
        lines += ["## What skew costs", "", *(f"* {line}" for line in skew), ""]
    lines += ["## The ways", ""]
    used = dict.fromkeys(way for section in results.sections for way in section.ways())
    lines += [f"* **{WAYS[way].label}** (`{way}`): {WAYS[way].doc}." for way in used]
    return "\n".join(lines) + "\n"


_METHOD = (
    "Each way runs in a process of its own, on the same input, and writes its pairs as Parquet. "
    "*seconds* begins when the input is opened (libraries imported, Spark session open) and ends "
    "when the last pair is written; *with start* is the whole process. Memory is the proportional "
    "set size of the process tree; *worker* is the largest Python process below the first.",
    "",
    "The comparison flatters the alternatives. PivotMine's stage reads raw rows of tables `tokens` "
    "and `vocabulary`, cuts contexts, counts in folds, counts margins, and commits two tables. "
    "The others are handed contexts that are already cut, without repetitions, without infrequent "
    "tokens, one file a language in the layout that suits them, and write the sums alone. Contexts "
    "are cut for them by code that shares nothing with PivotMine's, so agreement checks that too: "
    "number of pairs, sum of counts and a checksum over all (a, b, n) must be equal.",
)


def _why(outcome: Outcome) -> str:
    return f"{outcome.status}: {outcome.reason}"


def _seconds(value: float) -> str:
    return f"{value:.3g}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _ratio(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _print(
    console: Console, header: Sequence[str], rows: Iterator[tuple[str, ...]], n_left: int
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(header):
        table.add_column(name, justify="left" if place < n_left else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _table(header: Sequence[str], rows: Iterator[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + [
        "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows
    ]
