"""Stage `select` over corpora of growing size: seconds, memory, and whether the layout shows.

Every size is made once (`bench/selection/tables.py`) and selected from by the runner, in a process
of its own whose tree is watched. Figures are those of the stage alone: Spark has started before,
the tables are there. What a thousand documents take is the price of Spark's jobs, whatever their
size; exponents are given with it and without.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.measure import processor_seconds, watch
from bench.selection.tables import LANGUAGES, Size, make
from pivotmine import api
from pivotmine.engine.session import build_session
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe

ARMS = {"random": "random", "translation": "translation", "links_coverage": "links_coverage"}
FIXED_DOCUMENTS = 1_000
"""Documents of the corpus whose time is that of Spark's jobs."""

LAYOUTS = ((8, 2, 0), (3, 7, 0), (13, 7, 4), (8, 2, 16))
"""Files of a table, partitions of a shuffle, and into how many parts the links of all documents
are cut for rounds (0: one round)."""

_MB = 1_000_000
Row = dict[str, Any]


class Run(NamedTuple):
    """What one run of the stage took, and what it left."""

    n_documents: int
    stage: Row
    """Figures of the process itself."""

    java_bytes: int
    python_bytes: int
    worker_bytes: int
    """Peak of the tree by kind, of proportional set sizes, and of the largest worker."""


def measure(work: Path, size: Size, budget_share: float, settings: Sequence[str] = ()) -> Run:
    """Make a corpus and select from it, each in a process of its own."""
    recipe = {"size": size._asdict(), "budget_share": budget_share, "settings": list(settings)}
    lake = work / f"{size.n_documents}-{size.files}"
    lake.mkdir(parents=True, exist_ok=True)
    (lake / "run.json").write_text(json.dumps(recipe), encoding="utf-8")
    for step in ("make", "select"):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.selection.scale", step, str(lake)],
            stdout=subprocess.DEVNULL,
        )
        seen = watch(process)
        if process.returncode:
            raise SystemExit(f"{step} of {size.n_documents:,} documents failed")
    stage = json.loads((lake / "stage.json").read_text(encoding="utf-8"))
    shutil.rmtree(lake)
    python = sum(n for name, n in seen.split.items() if name.startswith("python"))
    return Run(size.n_documents, stage, seen.split.get("java", 0), python, seen.worker_bytes)


def table(
    work: Path, sizes: Sequence[int], budget_share: float, heaps: float, settings: Sequence[str]
) -> Iterator[str]:
    """Lines of Markdown: a row for each size, and the exponents."""
    yield (
        "| documents | links of all | links bought | documents bought: random / translation / "
        "links_coverage | rounds | s | CPU s | JVM MB | Python MB | largest worker MB |"
    )
    yield "|" + "---|" * 10
    runs = []
    for n in (FIXED_DOCUMENTS, *sizes):
        run = measure(work, Size(n, heaps=heaps), budget_share, settings)
        runs.append(run)
        stage = run.stage
        memory = (run.java_bytes, run.python_bytes, run.worker_bytes)
        cells = [
            f"{n:,}",
            f"{stage['links']:,}",
            f"{stage['new_links']:,}",
            " / ".join(f"{stage['bought'][arm]:,}" for arm in ARMS),
            f"{stage['rounds']:.0f}",
            *(f"{stage[name]:.1f}" for name in ("seconds", "cpu_seconds")),
            *(f"{n_bytes / _MB:,.0f}" for n_bytes in memory),
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""
    fixed, *rest = runs
    if len(rest) > 1:
        for name in ("seconds", "cpu_seconds"):
            values = [run.stage[name] for run in rest]
            yield _exponents(name, sizes, values)
            less = [value - fixed.stage[name] for value in values]
            if min(less) > 0:
                yield _exponents(f"{name} beyond those of {FIXED_DOCUMENTS:,}", sizes, less)


def _exponents(name: str, sizes: Sequence[int], values: Sequence[float]) -> str:
    x, y = np.log(sizes), np.log(values)
    steps = ", ".join(f"{step:.2f}" for step in np.diff(y) / np.diff(x))
    return f"* exponent of {name}: {np.polyfit(x, y, 1)[0]:.2f} (steps: {steps})"


def layouts(work: Path, n_documents: int, budget_share: float) -> Iterator[str]:
    """Lines of Markdown: the digest of the selection by layout of tables, shuffles and rounds."""
    yield "| files | shuffle partitions | select.max_round_links | rounds | digest |"
    yield "|---|---|---|---|---|"
    digests, n_links = set(), 0
    for files, partitions, parts in LAYOUTS:
        settings = [f"spark.shuffle_partitions={partitions}"]
        bound = "all" if not parts else f"{n_links // parts:,}"
        if parts:
            settings.append(f"select.max_round_links={n_links // parts}")
        stage = measure(work, Size(n_documents, files), budget_share, settings).stage
        n_links = stage["links"]
        digests.add(stage["digest"])
        yield f"| {files} | {partitions} | {bound} | {stage['rounds']:.0f} | {stage['digest']} |"
    yield f"\n{'The same' if len(digests) == 1 else 'NOT the same'} selection in all layouts."


def _config(lake: Path, settings: Sequence[str]) -> Recipe:
    return load_recipe(None, _settings(lake, settings))


def _settings(lake: Path, settings: Sequence[str]) -> list[str]:
    arms = ", ".join(f"{{name: {name}, method: {method}}}" for name, method in ARMS.items())
    return [
        f"lake.warehouse={lake / 'lake'}",
        f"languages=[{', '.join(LANGUAGES)}]",
        f"select.arms=[{arms}]",
        *settings,
    ]


def _make(folder: Path, recipe: Row) -> None:
    """Tables of the corpus, and its tokens in `made.json`."""
    config = _config(folder, recipe["settings"])
    shutil.rmtree(folder / "lake", ignore_errors=True)
    n_tokens = make(build_session(config.spark), Lake(config.lake), Size(**recipe["size"]))
    (folder / "made.json").write_text(json.dumps(n_tokens), encoding="utf-8")


def _select(folder: Path, recipe: Row) -> None:
    """Run the stage; figures into `stage.json`."""
    n_tokens = json.loads((folder / "made.json").read_text(encoding="utf-8"))
    budget = round(n_tokens * recipe["budget_share"])
    settings = [*recipe["settings"], f"select.budget_tokens={budget}"]
    config = _config(folder, settings)
    build_session(config.spark)
    with processor_seconds() as used:
        before = used()
        (report,) = api.run(config, only="select")
        cpu_seconds = used() - before
    lake = Lake(config.lake, read_only=True)
    *_, measures = (dict(r["measures"]) for r in lake.runs().to_pylist() if r["stage"] == "select")
    query = connect(lake)
    bought = query.execute("SELECT arm, count(*) FROM selection GROUP BY arm").fetchall()
    ((new_links, digest),) = query.execute(
        "SELECT sum(nullif(regexp_extract(reason, '^(\\d+) new links', 1), '')::BIGINT), "
        "sum(hash(s)::HUGEINT) FROM selection s"
    ).fetchall()
    ((n_links,),) = query.execute("SELECT sum(len(scores.links)) FROM scores").fetchall()
    figures = {
        "seconds": report.seconds,
        "cpu_seconds": cpu_seconds,
        "rounds": measures["links_coverage_rounds"],
        "bought": dict(bought),
        "new_links": int(new_links),
        "links": int(n_links),
        "digest": f"{int(digest) % 2**64:016x}",
    }
    (folder / "stage.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    _steps = {"make": _make, "select": _select}
    _folder = Path(sys.argv[2])
    _steps[sys.argv[1]](_folder, json.loads((_folder / "run.json").read_text(encoding="utf-8")))
