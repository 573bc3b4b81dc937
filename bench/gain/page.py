"""The page of the experiment, as a function of the collected results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.gain.analysis import RANDOM, Analysis, analyse, shown
from bench.gain.results import Results, read
from pivotmine.show.look import charts
from pivotmine.show.look.charts import Estimate
from pivotmine.show.look.drawing import titled, write_figure


def write_page(folder: Path) -> Path:
    """Write `folder`.md and `folder`/gain.svg; returns the page."""
    results = read(folder)
    found = analyse(results)
    draw(found, folder / "gain.svg")
    page = folder.with_suffix(".md")
    page.write_text("\n".join(_lines(results, found, folder)) + "\n", encoding="utf-8")
    return page


def draw(found: Analysis, path: Path) -> None:
    """Gain over random of each arm, with its interval; the same numbers give the same bytes."""
    rows = [
        Estimate(name.replace("_", " "), arm.gain.mean, arm.gain.low, arm.gain.high)
        for name, arm in sorted(found.arms.items(), key=lambda one: -one[1].gain.mean)
        if name != RANDOM
    ]
    axis = "gain over random pages, nats a token"
    spec = charts.dots(rows, axis, null=0.0, null_name="random pages")
    write_figure(titled(spec, "What each selection taught, with 95 % intervals"), path)


def _lines(results: Results, found: Analysis, folder: Path) -> Iterator[str]:
    yield "# Does a corpus rebuilt by links teach more?"
    yield ""
    yield (
        "A small model is trained from scratch on equal tokens of one pool of real text. Which "
        "selection of pages teaches it most about what sentences mean in another language? The "
        "measure is the **worth of the source**: how many nats a token a held-out sentence is "
        "likelier after its own translation than after that of another, on tokens in neither."
    )
    yield ""
    yield f"![Gain over random pages by arm, with 95 % intervals]({folder.name}/gain.svg)"
    yield ""
    yield from _table(results, found)
    yield ""
    yield "## What may be said"
    yield ""
    for aim in found.aims:
        yield f"* {'Met' if aim.is_met else '**Not met**'}: {aim.what}. Found: {aim.shown}."
    yield ""
    yield from _contrasts(found)
    yield ""
    yield from _further(folder)
    yield from _limits()
    yield ""
    yield from _made_of(results)


def _table(results: Results, found: Analysis) -> Iterator[str]:
    texts = sorted(next(iter(found.arms.values())).heldout)
    ways = sorted(next(iter(found.arms.values())).directions)
    head = ["arm", "gain over random", *ways, "own source better", "parallel", *texts]
    yield "| " + " | ".join(head) + " |"
    yield "|---" * len(head) + "|"
    for name, arm in sorted(found.arms.items(), key=lambda one: -one[1].gain.mean):
        cells = [
            name.replace("_", " "),
            shown(arm.gain),
            *(f"{arm.directions[way].mean:.3f}" for way in ways),
            f"{arm.better.mean:.1%}",
            _parallel(results.about["arms"].get(name)),
            *(f"{arm.heldout[text].mean:+.2%}" for text in texts),
        ]
        yield "| " + " | ".join(cells) + " |"
    yield ""
    yield (
        "Gains are nats a token, adjusted for what each pair was worth after the base phase. "
        "Directions: worth of the source. Parallel: share of the arm's tokens on parallel pages. "
        "Last columns: change of the loss of held-out text against random."
    )


def _parallel(size: dict[str, Any] | None) -> str:
    """Share of an arm's tokens on pages that are known to be parallel."""
    if size is None:
        return "half"
    kinds = size["tokens_by_kind"]
    return f"{kinds.get('parallel', 0) / sum(kinds.values()):.0%}"


def _contrasts(found: Analysis) -> Iterator[str]:
    yield "| declared contrast | difference | p, Holm | p, sign-flip | verdict |"
    yield "|---|---|---|---|---|"
    for arm, against, one in found.contrasts:
        cells = (
            f"{arm} - {against}", shown(one.interval), f"{one.p_adjusted:.2g}",
            f"{one.p_flip:.2g}", one.verdict,
        )  # fmt: skip
        yield "| " + " | ".join(cells) + " |"


def _further(folder: Path) -> Iterator[str]:
    """What `dose`, `attribute` and `retrieve` found, as far as they were run."""
    files = {name: folder / f"{name}.json" for name in ("dose", "attribution", "retrieval")}
    read = {name: json.loads(path.read_text()) for name, path in files.items() if path.exists()}
    if not read:
        return
    yield "## Beside the declared contrasts"
    yield ""
    if dose := read.get("dose"):
        for tokens, arms in dose["gains"].items():
            gains = ", ".join(f"{arm} {one['mean']:+.3f}" for arm, one in arms.items())
            yield f"* Gain over random at {int(tokens):,} tokens: {gains}."
        if ratio := dose["tokens_to_reach"]:
            yield f"* Tokens of entropy for one of links, at the same gain: {ratio:.1f}."
    for unit in ("pairs", "words"):
        if fits := read.get("attribution", {}).get(unit):
            shares = ", ".join(f"{name} {one['r2']:.3f}" for name, one in fits.items())
            yield f"* R2 out of sample of the gain of {unit}: {shares}."
    if shares := read.get("retrieval"):
        listed = ", ".join(f"{arm} {one['mean']:.1%}" for arm, one in shares.items())
        yield f"* Translations that are nearest in the middle layer: {listed}."
    yield ""


def _limits() -> Iterator[str]:
    yield "## What may not be said"
    yield ""
    yield (
        "* Nothing about large models: these have 3 million parameters and see less than a million "
        "tokens. They start from nothing, as no model that knows the languages would."
    )
    yield (
        "* Nothing beyond this pool: each arm is one draw from it. Intervals are for new seeds of "
        "the training and for new pairs."
    )
    yield (
        "* Nothing about a web page as such: the bilingual pages are made of real sentences in the "
        "proportions of the web, and most of the text is software documentation and Tatoeba."
    )


def _made_of(results: Results) -> Iterator[str]:
    about, grid = results.about, results.grid
    pool = about["pool"]
    yield "## How it was made"
    yield ""
    bytes_of = pool["bytes"]
    total = sum(bytes_of[kind] for kind in ("monolingual", "parallel", "same_topic", "list"))
    yield (
        f"* Pool: {pool['n_pages']:,} pages, {total / 1e6:.0f} MB; "
        + ", ".join(
            f"{pool['pages'][kind]:,} {kind.replace('_', ' ')} ({bytes_of[kind] / 1e6:.1f} MB)"
            for kind in ("monolingual", "same_topic", "parallel", "list")
        )
        + "."
    )
    held = pool["heldout"]
    yield (
        f"* Held out: {_listed(held['pairs'])} pairs. {held['leaks']['normalised']} of their lines "
        "are in the pool, case and punctuation aside. Pairs with a near-duplicate in pages of two "
        f"languages: {_listed(held['near_duplicates'])}."
    )
    phases = about["phases"]
    epochs = max(phases["oracle"]["epochs"].values()) if "oracle" in phases else 1
    yield (
        f"* {about['model']['name']}; {grid.tokens:,} tokens an arm after a base phase of "
        f"{grid.base.tokens if grid.base else 0:,}; {len(grid.seeds)} seeds. The oracle's pages "
        f"are read {epochs:.1f} times."
    )
    for line in about["registered"]:
        yield f"* Contrasts registered {line['date']}, after {line['n_finished']} runs of arms."
    versions = ", ".join(f"{name} {one}" for name, one in sorted(about["versions"].items()))
    yield f"* {about['machine']}, commit {about['commit']}, {versions}."
    yield ""
    yield "```"
    for command in ("pool DATA", "mine", "arms", "gate", "grid", "collect", "page"):
        yield f"python -m bench.gain {command}"
    yield "```"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items()))
