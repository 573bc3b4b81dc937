"""Counting, links and pivots at size: `python -m bench.large --help`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer
from pyspark.sql import SparkSession

from bench import machine
from bench.large.planted_tables import (
    DIAGONALS,
    LANGUAGES,
    PAIRS,
    Planted,
    Truth,
    blocks,
    new_truth,
    vocabulary,
)
from bench.road.__main__ import Profile
from bench.tables import markdown, seconds
from pivotmine.api import open_lake
from pivotmine.ask.reader import LakeReader
from pivotmine.engine.runner import run_stages
from pivotmine.engine.session import build_session
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.parquet_files import write_parquet
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.console import run_app
from pivotmine.stages.road import choose_stages

STAGES = ("contexts", "count", "link", "pivot")
_BLOCKS_A_FILE = 8

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def make(
    out: Annotated[Path, typer.Argument(help="New folder.")],
    tokens: Annotated[int, typer.Option(help="Tokens, rounded up to millions.")] = 1_000_000_000,
    words: Annotated[int, typer.Option(help="Words of each of three languages.")] = 30_000,
    seed: Annotated[int, typer.Option(help="Seed of the corpus.")] = 0,
) -> None:
    """Write a lake with tables `tokens` and `vocabulary`, and the exact counts beside it.

    Takes a processor second and 2.5 MB a million tokens.
    """
    corpus = Planted(tokens, words, seed=seed)
    out.mkdir(parents=True)
    lake = Lake(recipe_of(out).lake)
    truth = new_truth(corpus)
    gathered: list[pa.Table] = []
    for number, block in enumerate(blocks(corpus, truth), 1):
        gathered.append(block)
        if len(gathered) == _BLOCKS_A_FILE or number == corpus.n_blocks:
            _stage(lake, "tokens", number, pa.concat_tables(gathered))
            gathered = []
    _stage(lake, "vocabulary", 0, vocabulary(corpus, truth))
    now = datetime.now(UTC)
    run = {"run_id": "made", "stage": "made", "fingerprint": "made", "inputs": {}, "rows": {}}
    files = {
        name: lake.parquet_files(lake.staging_path(name, "made"))
        for name in ("tokens", "vocabulary")
    }
    commit(lake, {**run, "started_at": now, "finished_at": now}, files)
    np.savez(out / "truth.npz", **truth._asdict(), planted=corpus.planted)


@app.command()
def run(
    out: Annotated[Path, typer.Argument(help="Folder that `make` wrote.")],
    master: Annotated[
        str, typer.Option(help="Spark master. The default starts four workers of a core.")
    ] = "local-cluster[4,1,4096]",
    passes: Annotated[int, typer.Option(min=1, max=2, help="Of stage count.")] = 1,
    chunk_tokens: Annotated[int, typer.Option(help="Tokens of a chunk.")] = 32_000_000,
    min_count: Annotated[int, typer.Option(help="Rarest pairs kept.")] = 20,
) -> None:
    """Run contexts, count, link and pivot, compare them with the truth, and show what they used.

    Ends with an error if a count is wrong.
    """
    recipe = recipe_of(
        out,
        f"count.chunk_tokens={chunk_tokens}",
        f"count.min_count={min_count}",
        f"count.max_shuffle_bytes={1 if passes == 2 else 10**15}",
        f"spark.master={master}",
    )
    profile = Profile()

    def session() -> SparkSession:
        return build_session(recipe.spark)

    stages = [stage for name in STAGES for stage in choose_stages(name)]
    run_stages(recipe, stages, session, profile, force=True)
    session().stop()
    print(f"{machine.describe()}, commit {machine.commit()}, {master}, {passes} passes\n")
    rows = [
        (
            time.name,
            seconds(time.wall_seconds),
            seconds(time.processor_seconds),
            f"{time.peak_bytes / 1e9:.2f}",
        )
        for time in profile.times
    ]
    print("\n".join(markdown(("stage", "wall s", "processor s", "peak GB, all"), rows)))
    with np.load(out / "truth.npz") as saved:
        truth = Truth(*(saved[name] for name in Truth._fields))
        planted = saved["planted"]
    reader = open_lake(str(out / "lake"))
    print("\n".join(measures(reader)))
    print("\n".join(link_facts(reader, planted)))
    wrong = wrong_counts(reader, truth, min_count)
    if wrong:
        raise SystemExit("counts differ from the truth: " + "; ".join(wrong))
    n_pairs = int((truth.n_ab >= min_count).sum())
    print(f"Counts and margins are exact for all {n_pairs:,} pairs of the diagonals.")


def recipe_of(out: Path, *settings: str) -> Recipe:
    """The recipe of a lake that `make` wrote."""
    return load_recipe(
        None,
        [
            f"languages=[{', '.join(LANGUAGES)}]",
            f"lake.warehouse={out / 'lake'}",
            "count.max_line_documents=0",  # no line repeats
            *settings,
        ],
    )


def wrong_counts(reader: LakeReader, truth: Truth, min_count: int) -> list[str]:
    """What differs from the truth, one line a difference; at most one for each pair and table."""
    n = truth.n_ab.shape[2]
    wrong = []
    for number, (one, other) in enumerate(PAIRS):
        langs = f"lang_a = '{LANGUAGES[one]}' AND lang_b = '{LANGUAGES[other]}'"
        for place, shift in enumerate(DIAGONALS):
            rows = reader.sql(
                f"SELECT a % {n} AS word, n_ab, n_a, n_b, n_contexts FROM counts "
                f"WHERE {langs} AND b % {n} = (a % {n} + {shift}) % {n} ORDER BY word"
            ).to_arrow()
            expected = truth.n_ab[number, place]
            kept = np.flatnonzero(expected >= min_count)
            margins = truth.margins[number]
            columns = {
                "word": kept,
                "n_ab": expected[kept],
                "n_a": margins[0][kept],
                "n_b": margins[1][(kept + shift) % n],
                "n_contexts": np.full(len(kept), truth.n_contexts[number]),
            }
            if any(
                not np.array_equal(rows[name].to_numpy(), column)
                for name, column in columns.items()
            ):
                wrong.append(f"{langs}, i and i + {shift}")
    return wrong


def measures(reader: LakeReader) -> list[str]:
    """What the last runs of count and link measured."""
    rows = reader.sql(
        "SELECT stage, measures FROM runs WHERE stage IN ('count', 'link') QUALIFY "
        "row_number() OVER (PARTITION BY stage ORDER BY finished_at DESC) = 1 ORDER BY stage"
    ).to_arrow()
    lines = []
    for row in rows.to_pylist():
        found = ", ".join(f"{name} {value:g}" for name, value in row["measures"] or ())
        lines.append(f"{row['stage']}: {found}")
    return [*lines, ""]


def link_facts(reader: LakeReader, planted: np.ndarray) -> list[str]:
    """Links, how many are planted, and how many of the planted words are linked."""
    n = len(planted)
    total, right, words = (
        reader.sql(
            "SELECT count(*) AS total, count(*) FILTER (a % $n = b % $n) AS right_, "
            "count(DISTINCT (a, lang_b)) FILTER (a % $n = b % $n) AS words FROM links".replace(
                "$n", str(n)
            )
        )
        .to_arrow()
        .to_pylist()[0]
        .values()
    )
    (pivots,) = (
        reader.sql("SELECT count(*) AS n FROM pivots WHERE method = 'links'")
        .to_arrow()["n"]
        .to_pylist()
    )
    return [
        f"{total:,} links, {right:,} of them planted; {words:,} of the {3 * int(planted.sum()):,} "
        f"planted translations are linked; {pivots:,} pivots",
        "",
    ]


def _stage(lake: Lake, table: str, number: int, rows: pa.Table) -> None:
    folder = lake.staging_path(table, "made")
    lake.filesystem.makedirs(folder, exist_ok=True)
    with lake.filesystem.open(f"{folder}/part-{number:06d}.parquet", "wb") as stream:
        write_parquet(rows, stream)


if __name__ == "__main__":
    run_app(app)
