"""The runner: skips what is committed, checks what it commits, leaves nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from rich.console import Console

from pivotmine.engine.display import Report
from pivotmine.engine.runner import run_stages
from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import Inputs, Rows, Stage, Tally
from pivotmine.errors import ConfigError, ConservationError, LakeError
from pivotmine.keep.status import road_status
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import Recipe
from pivotmine.show.progress import PlainDisplay
from pivotmine.stages.road import ROAD, choose_stages


def table_of(inputs: Inputs, table: str, n_rows: int) -> DataFrame:
    schema = spark_schema(TABLES[table].schema)
    return inputs.spark.createDataFrame([tuple([None] * len(schema))] * n_rows, schema)


def source_stage(n_rows: int = 3, external: Any = "file of yesterday") -> Stage:
    """A stage that reads nothing and writes `links`."""
    return Stage(
        name="link",
        doc="makes links",
        reads=(),
        writes=("links",),
        sections=("link",),
        run=lambda inputs, recipe: {"links": table_of(inputs, "links", n_rows)},
        tally=lambda rows, recipe: Tally(rows.written["links"], rows.written["links"]),
        external=lambda recipe: external,
    )


def copying_stage(run: Callable[[Inputs, Recipe], dict[str, DataFrame]] | None = None) -> Stage:
    """A stage that makes one pivot of each link."""

    def copy(inputs: Inputs, recipe: Recipe) -> dict[str, DataFrame]:
        return {"pivots": table_of(inputs, "pivots", inputs.frame("links").count())}

    def tally(rows: Rows, recipe: Recipe) -> Tally:
        return Tally(rows.read["links"], rows.written["pivots"])

    return Stage(
        name="pivot",
        doc="copies links",
        reads=("links",),
        writes=("pivots",),
        sections=("pivot",),
        run=run or copy,
        tally=tally,
    )


@pytest.fixture
def run(spark: SparkSession, lake_config: Recipe):
    def start(*stages: Stage, recipe: Recipe = lake_config, force: bool = False) -> list[Report]:
        display = PlainDisplay(Console(quiet=True))
        return run_stages(recipe, stages, lambda: spark, display, force=force)

    return start


def skipped(reports: list[Report]) -> list[bool]:
    return [report.skipped for report in reports]


def test_a_committed_stage_is_skipped(run):
    assert skipped(run(source_stage(), copying_stage())) == [False, False]
    assert skipped(run(source_stage(), copying_stage())) == [True, True]


def test_a_skipped_stage_reports_the_rows_of_its_run(run):
    first, again = run(source_stage(5))[0], run(source_stage(5))[0]
    assert (again.tally.rows_in, again.written) == (first.tally.rows_in, {"links": 5})


def test_no_spark_session_is_started_when_all_is_committed(run, lake_config):
    run(source_stage())

    def no_session() -> SparkSession:
        raise AssertionError("Spark was started")

    display = PlainDisplay(Console(quiet=True))
    reports = run_stages(lake_config, [source_stage()], no_session, display)
    assert skipped(reports) == [True]


def test_force_runs_what_is_committed(run):
    run(source_stage())
    assert skipped(run(source_stage(), force=True)) == [False]


def test_a_changed_setting_reruns_its_stage_and_what_reads_it(run, lake_config):
    run(source_stage(), copying_stage())
    changed = lake_config.model_copy(
        update={"link": lake_config.link.model_copy(update={"max_rank": 7})}
    )
    assert skipped(run(source_stage(), copying_stage(), recipe=changed)) == [False, False]


def test_a_changed_setting_of_another_stage_changes_nothing(run, lake_config):
    run(source_stage(), copying_stage())
    changed = lake_config.model_copy(
        update={"shard": lake_config.shard.model_copy(update={"max_shard_tokens": 7})}
    )
    assert skipped(run(source_stage(), copying_stage(), recipe=changed)) == [True, True]


def test_a_changed_source_file_reruns_its_stage(run):
    run(source_stage())
    assert skipped(run(source_stage(external="file of today"))) == [False]


def first_file(recipe: Recipe, table: str) -> Path:
    return Path(Lake(recipe.lake).files(table)[0].removeprefix("file://"))


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1")])
def test_a_table_whose_file_is_gone_or_cut_is_made_anew(run, lake_config, damage):
    """And so is what reads it."""
    run(source_stage(), copying_stage())
    damage(first_file(lake_config, "links"))
    (status, _) = road_status(
        Lake(lake_config.lake), lake_config, [source_stage(), copying_stage()]
    )
    assert status.would_run
    assert "is gone" in status.why or "has 4 bytes" in status.why
    assert skipped(run(source_stage(), copying_stage())) == [False, False]
    assert skipped(run(source_stage(), copying_stage())) == [True, True]
    assert len(connect(Lake(lake_config.lake)).execute("FROM pivots").fetchall()) == 3


def test_a_stage_that_reads_a_damaged_table_says_how_to_mend_it(run, lake_config):
    run(source_stage())
    first_file(lake_config, "links").unlink()
    with pytest.raises(LakeError, match=r"is gone. .* `pivotmine run --until pivot`"):
        run(copying_stage())


def test_going_back_to_an_older_recipe_rebuilds_its_tables(run, lake_config):
    run(source_stage(3, external="a"))
    run(source_stage(4, external="b"))
    reports = run(source_stage(3, external="a"))
    assert skipped(reports) == [False]
    assert Lake(lake_config.lake).n_rows("links") == 3


def test_lost_rows_stop_the_run_and_nothing_is_committed(run, lake_config):
    run(source_stage())

    def lossy(inputs: Inputs, recipe: Recipe) -> dict[str, DataFrame]:
        return {"pivots": table_of(inputs, "pivots", 2)}

    with pytest.raises(ConservationError, match="took in 3 rows but accounts for 2"):
        run(copying_stage(lossy))
    lake = Lake(lake_config.lake)
    assert lake.snapshot("pivots") is None
    assert not lake.filesystem.glob(f"{lake.warehouse}/pivotmine/pivots/data/*")


def test_a_failing_stage_leaves_the_lake_as_it_was(run, lake_config):
    run(source_stage(), copying_stage())

    def broken(inputs: Inputs, recipe: Recipe) -> dict[str, DataFrame]:
        inputs.checkpoint(inputs.frame("links"), "scratch")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        run(copying_stage(broken), force=True)
    lake = Lake(lake_config.lake)
    assert lake.n_rows("pivots") == 3
    assert not lake.filesystem.glob(f"{lake.warehouse}/pivotmine/_scratch/*")


def test_a_missing_input_table_names_the_way_to_it(run):
    with pytest.raises(LakeError, match=r"reads table links.*--until pivot"):
        run(copying_stage())


def test_outputs_must_fit_the_declared_schema(run):
    def odd(inputs: Inputs, recipe: Recipe) -> dict[str, DataFrame]:
        return {"pivots": inputs.frame("links").select("a")}

    run(source_stage())
    with pytest.raises(LakeError, match="columns of table pivots"):
        run(copying_stage(odd))


def test_a_frame_that_grows_with_the_corpus_is_not_brought_to_the_driver(run):
    def greedy(inputs: Inputs, recipe: Recipe) -> dict[str, DataFrame]:
        inputs.local(inputs.frame("links"), max_rows=2)
        return {}

    run(source_stage())
    with pytest.raises(LakeError, match="at most 2 rows"):
        run(copying_stage(greedy))


def test_every_run_is_recorded_with_its_inputs_and_outputs(run, lake_config):
    run(source_stage(), copying_stage())
    lake = Lake(lake_config.lake)
    link, pivot = lake.runs().to_pylist()
    links, pivots = lake.snapshot("links"), lake.snapshot("pivots")
    assert links is not None and pivots is not None
    assert dict(link["outputs"]) == {"links": links.snapshot_id}
    assert dict(pivot["inputs"]) == {"links": links.snapshot_id}
    assert dict(pivot["outputs"]) == {"pivots": pivots.snapshot_id}
    assert (pivot["rows_in"], pivot["rows_out"]) == (3, 3)


def test_stages_can_be_chosen():
    assert choose_stages() == ROAD
    assert [stage.name for stage in choose_stages(only="count")] == ["count"]
    assert [stage.name for stage in choose_stages(until="train_tokenizer")] == [
        "ingest",
        "train_tokenizer",
    ]
    with pytest.raises(ConfigError, match="no stage 'cuont'; the stages are ingest"):
        choose_stages(only="cuont")


def test_every_table_is_written_by_one_stage_and_read_only_after_it():
    written: set[str] = set()
    for stage in ROAD:
        assert set(stage.reads) <= written, stage.name
        assert not written & set(stage.writes), stage.name
        written |= set(stage.writes)
    # Runs are the runner's, and withdrawals those of `pivotmine takedown`.
    assert written == set(TABLES) - {"runs", "withdrawals"}
