"""The Airflow DAGs of conf/, as Airflow's own parser sees them.

Airflow pins hundreds of libraries, so it lives in an environment of its own. Name its interpreter:

    PIVOTMINE_AIRFLOW_PYTHON=airflow/bin/python python -m pytest tests/examples/test_airflow.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DAG_FILE = Path(__file__).parents[2] / "conf" / "airflow_dag.py"
PYTHON = os.environ.get("PIVOTMINE_AIRFLOW_PYTHON", sys.executable)

PARSE = """
import json, sys
from importlib.util import module_from_spec, spec_from_file_location
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(dag_folder=sys.argv[1])
spec = spec_from_file_location("airflow_dag", sys.argv[1])
module = module_from_spec(spec)
spec.loader.exec_module(module)
dags = {
    dag.dag_id: {
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "upstream": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
        "arguments": {
            task.task_id: [str(value) for value in getattr(task, "application_args", None) or []]
            for task in dag.tasks
        },
    }
    for dag in bag.dags.values()
}
setting = module.inputs_setting(["s3://b/crawl/n2/", "s3://b/crawl/n1"])
print("FOUND", json.dumps({"errors": bag.import_errors, "dags": dags, "setting": setting}))
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict:
    there = subprocess.run([PYTHON, "-c", "import airflow"], capture_output=True, check=False)
    if there.returncode != 0:
        pytest.skip("Airflow is not installed; PIVOTMINE_AIRFLOW_PYTHON names one that has it")
    home = tmp_path_factory.mktemp("airflow")
    done = subprocess.run(
        [PYTHON, "-c", PARSE, str(DAG_FILE)],
        capture_output=True,
        text=True,
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home)},
        check=True,
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    return json.loads(line.removeprefix("FOUND "))


def test_airflow_parses_the_dags_without_an_error(parsed: dict):
    assert parsed["errors"] == {}
    assert set(parsed["dags"]) == {"pivotmine", "pivotmine_takedown"}


def test_a_night_audits_and_raises_its_alert_after_the_road(parsed: dict):
    night = parsed["dags"]["pivotmine"]
    assert night["upstream"] == {
        "deliveries": [],
        "road": ["deliveries"],
        "audit": ["road"],
        "rejects": ["road"],
    }
    assert (night["catchup"], night["max_active_runs"]) == (False, 1)


def test_a_takedown_names_its_delivery_by_parameter(parsed: dict):
    arguments = parsed["dags"]["pivotmine_takedown"]["arguments"]["takedown"]
    assert arguments[-2:] == ["--", "{{ params.delivery }}"]


def test_every_delivery_is_an_input_of_its_own_oldest_first(parsed: dict):
    name, _, value = parsed["setting"].partition("=")
    assert name == "ingest.inputs"
    assert json.loads(value) == [
        {"uris": ["s3://b/crawl/n1/*.jsonl.zst"], "ingest_id": "n1"},
        {"uris": ["s3://b/crawl/n2/*.jsonl.zst"], "ingest_id": "n2"},
    ]
