"""What a person reads: tables for a terminal, and a page with plots."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console

from bench import tables
from bench.counting.race import REPEAT_SECONDS
from bench.counting.results import Results, Section, growth_exponent
from bench.counting.ways import WAYS
from bench.plot import figure
from bench.plot import lines as plot_lines

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
                yield (*name, f"{outcome.status}: {outcome.reason}", *([""] * 6))
                continue
            rate = facts.pair_events / outcome.seconds / outcome.threads / 1e6
            ratios = ("", "")
            if first is not None:
                ratios = (
                    tables.ratio(outcome.seconds / first.seconds),
                    tables.ratio(outcome.process_seconds / first.process_seconds),
                )
            yield (
                *name,
                tables.seconds(outcome.seconds),
                tables.seconds(outcome.process_seconds),
                tables.ratio(rate),
                f"{outcome.peak_bytes / _MIB:,.0f}",
                f"{outcome.worker_bytes / _MIB:,.0f}" if outcome.worker_bytes else "",
                *ratios,
            )


def growth_rows(section: Section) -> Iterator[tuple[str, ...]]:
    """A row for each way: seconds at every size, and the exponents of time and memory."""
    for way in section.ways():
        counted = section.counted(way)
        cells = [tables.seconds(counted[s].seconds) if s in counted else "-" for s in section.facts]
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


def print_section(console: Console, section: Section) -> None:
    """Tables of a section on a terminal."""
    console.rule(section.title)
    if section.problem:
        console.print(f"not measured: {section.problem}", markup=False)
        return
    console.print(section.text, markup=False)
    tables.show(console, FACTS, fact_rows(section))
    tables.show(console, DETAIL, detail_rows(section), n_left=2)
    if len(section.facts) > 1:
        tables.show(console, growth_header(section), growth_rows(section))


def write_page(results: Results, folder: Path, stem: str) -> None:
    """Write `stem`.md, and `stem`-SECTION.svg where a section has sizes and matplotlib is there."""
    plots = {}
    if importlib.util.find_spec("matplotlib"):
        for section in results.sections:
            if len(section.facts) > 1 and any(o.status == "counted" for o in section.outcomes):
                plots[section.name] = f"{stem}-{section.name}.svg"
                draw(section, folder / plots[section.name])
    (folder / f"{stem}.md").write_text(markdown(results, plots), encoding="utf-8")


def draw(section: Section, path: Path) -> None:
    """Time and memory over size, both axes logarithmic: a straight line is a power law."""
    first, last = min(section.facts), max(section.facts)
    events = (section.facts[size].pair_events / 1e6 for size in (first, last))
    title = "{}: {:,.1f} M pair events at {:g}x, {:,.1f} M at {:g}x"
    with figure(path, 2, width=7) as panels:
        panels[0].figure.suptitle(
            title.format(section.title, next(events), first, next(events), last)
        )
        for axes, label, value in (
            (panels[0], "seconds", lambda outcome: outcome.seconds),
            (panels[1], "peak memory, MiB", lambda outcome: outcome.peak_bytes / _MIB),
        ):
            series = []
            for way in section.ways():
                found = {size: value(o) for size, o in section.counted(way).items()}
                slope = growth_exponent(list(found), list(found.values()))
                name = WAYS[way].label + ("" if slope is None else f" ({slope:.2f})")
                series.append((name, list(found), list(found.values())))
            axes.set_xscale("log")
            axes.set_yscale("log")
            plot_lines(axes, series, "size of the input", label)
            axes.set_xticks(list(section.facts), [f"{size:g}x" for size in section.facts])
            axes.minorticks_off()
            axes.get_legend().set_title("(exponent of growth)")


def markdown(results: Results, plots: Mapping[str, str]) -> str:
    """The page; `plots` gives the file name of a section's plot."""
    exact = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    lines = [
        f"# Counting, {results.started_at[:10]}",
        "",
        f"`{results.command}`, commit {results.commit}.",
        "",
        f"Machine: {results.machine}. {exact}.",
        "",
        *_METHOD,
        "",
        f"Every way may use {results.threads} threads, {results.max_seconds:g} s and "
        f"{results.max_bytes / 2**30:.1f} GiB. Seconds are the median of at most {results.repeat} "
        f"runs (no further run after {REPEAT_SECONDS} s); memory is the largest.",
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
        lines += tables.markdown(FACTS, fact_rows(section))
        if section.name in plots:
            lines += [f"![time and memory over size]({plots[section.name]})", ""]
        if len(section.facts) > 1:
            lines += [
                "Seconds:",
                "",
                *tables.markdown(growth_header(section), growth_rows(section)),
            ]
        lines += tables.markdown(DETAIL, detail_rows(section))
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
    "The comparison flatters the rivals. PivotMine's stage reads raw rows of tables `tokens` and "
    "`vocabulary`, cuts contexts, counts in folds, counts margins, and commits two tables. The "
    "rivals get contexts that are already cut, without repetitions and infrequent tokens, one file "
    "a language in the layout that suits them, and write only the sums. Their contexts are cut by "
    "code that shares nothing with PivotMine's, so agreement checks the cutting, too: the number "
    "of pairs, the sum of counts and a checksum over all (a, b, n) must be equal.",
)
