"""The spark-submit entry points: one for each stage, and one for the road."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
import yaml

from pivotmine.stages.road import ROAD
from tests.packed_code import pack_code
from tests.road import contents, environment, write_jsonl

ROOT = Path(__file__).parent.parent
JOBS = {path.stem: path for path in sorted((ROOT / "jobs").glob("*.py")) if path.stem[0] != "_"}
DOCUMENTS = [
    {"text": "The cat sleeps on the old sofa."},
    {"text": "Le chat dort sur le vieux canapé."},
    {"text": "猫在旧沙发上睡觉。"},
    {"text": "猫は古いソファーで寝ている。"},
    {"text": "The cat sleeps on the old sofa."},
    {"no text": True},
]


def test_every_stage_has_an_entry_point_and_so_have_the_road_and_takedown():
    assert set(JOBS) == {f"run_{stage.name}" for stage in ROAD} | {"run_road", "run_takedown"}


def test_no_entry_point_hides_a_module_of_python():
    # spark-submit puts their folder first on the module path, for executors too.
    assert set(JOBS) & sys.stdlib_module_names == set()


@pytest.mark.parametrize("job", JOBS)
def test_an_entry_point_explains_itself(
    job: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", [str(JOBS[job]), "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(JOBS[job]), run_name="__main__")
    assert ended.value.code == 0
    described = capsys.readouterr().out
    subjects = {"run_road": "all stages", "run_takedown": "takedown of a delivery"}
    subject = subjects.get(job, f"stage {job.removeprefix('run_')}")
    assert f"PivotMine: {subject}, on the session" in " ".join(described.split())
    own = {"run_road": {"--until", "--force"}, "run_takedown": {"--reason", "--keep-past"}}
    options = {"--help", "--config", "--set", *own.get(job, {"--force"})}
    assert set(re.findall(r"--[\w-]+", described)) == options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "nowhere.yaml"], "error: recipe not found: nowhere.yaml"),
        (["--set", "count.nope=1"], "count.nope: unknown setting"),
        (["--set", "ingest.inputs=[{uris: [/no/such]}]"], "error: /no/such: no file matches"),
    ],
    ids=["recipe", "setting", "input"],
)
def test_an_error_of_the_user_is_one_message_and_exit_status_2(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(sys, "argv", ["run_ingest.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(JOBS["run_ingest"]), run_name="__main__")
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err
    assert "started" not in err


def test_an_interrupt_is_one_message_and_exit_status_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pivotmine.api.run", interrupted)
    monkeypatch.setattr(sys, "argv", ["run_road.py"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(JOBS["run_road"]), run_name="__main__")
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted, run again to go on\n"


@pytest.mark.parametrize("name", ["conf", "docs", "jobs"])
def test_entry_points_that_recipes_and_pages_name_exist(name: str):
    files = [
        path for kind in ("md", "py", "yaml", "conf") for path in (ROOT / name).rglob(f"*.{kind}")
    ]
    assert files
    named = {job for path in files for job in re.findall(r"jobs/(\w+)\.py", path.read_text())}
    assert named <= set(JOBS)


def test_spark_submit_runs_an_archive_of_the_code_beside_files_with_the_names_of_our_folders(
    tmp_path: Path,
):
    for name in ("model", "udfs", "jobs"):
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('{name}.py was imported')\n")
    corpus = write_jsonl(tmp_path / "corpus", DOCUMENTS, n_files=2)
    recipe = tmp_path / "recipe.yaml"
    inputs = [{"uris": [str(corpus)], "source_label": "tiny"}]
    recipe.write_text(
        yaml.safe_dump(
            {"lake": {"warehouse": str(tmp_path / "lake")}, "ingest": {"inputs": inputs}}
        )
    )
    spark_home = Path(pyspark.__file__).parent
    done = subprocess.run(
        [
            *("bash", str(spark_home / "bin" / "spark-submit")),
            *("--master", "local[1]", "--driver-memory", "1g"),
            *("--conf", "spark.ui.enabled=false", "--conf", "spark.sql.shuffle.partitions=1"),
            *("--conf", "spark.app.name=of the cluster", "--py-files", str(pack_code(tmp_path))),
            *(str(JOBS["run_ingest"]), "--config", recipe.as_uri()),
            *("--set", "ingest.ingest_id=submitted"),
        ],
        cwd=tmp_path,
        env=environment()
        | {
            "SPARK_HOME": str(spark_home),
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": "",  # the archive has it
            "SPARK_LOCAL_IP": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # spark-submit passes on both of Python's streams as its standard output.
    assert "ingest: committed; rows in 6, out 4, rejected 1, duplicate 1" in done.stdout
    tables = contents(tmp_path / "lake")
    assert {row[6] for row in tables["documents"]} == {d["text"] for d in DOCUMENTS if "text" in d}
    assert {row[-1] for row in tables["documents"]} == {"submitted"}
    assert [row[2] for row in tables["rejects"]] == ["missing_text"]
