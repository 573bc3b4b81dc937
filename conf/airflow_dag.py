"""Example Airflow DAGs: mine what is new every night, raise an alert, and take a delivery down.

For Airflow 3 with apache-airflow-providers-apache-spark. Copy it and change the names at the top.

The lake is a function of the deliveries that are there. So a run does not ask for the files of its
date; it lists what has been delivered and hands all of it to PivotMine, which reads what is new.

* Catch-up: the first run after nights without one reads all deliveries that have come meanwhile.
  `catchup` is off, since a run for each missed night would find nothing left to do.
* Backfill: a delivery that comes late, or is delivered again, is read by the next run, whatever its
  date. `airflow backfill create` is safe, and its runs change nothing.
* Retry: stages that are committed are skipped, so a retry goes on where the run before it died.
* Alert: task `rejects` fails where more of a delivery was refused than MAX_REJECTED. Give
  `on_failure_callback` the notifier that you use.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime, timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, ObjectStoragePath, Param, task

DELIVERIES = os.environ.get("PIVOTMINE_DELIVERIES", "s3://bucket/crawl/")
"""Folder with a folder for each delivery. A delivery is complete when it holds `_SUCCESS`."""

RECIPE = os.environ.get("PIVOTMINE_RECIPE", "s3://bucket/recipes/corpus.yaml")

FILES = "*.jsonl.zst"

MAX_REJECTED = 0.02
"""Largest share of a delivery's records that may be refused."""

CONF = os.environ.get("PIVOTMINE_CONF", "/opt/pivotmine/conf")
"""Folder of `spark.conf` (spark-defaults.conf and the file of your cluster in one, as
docs/clusters.md says) and of log4j2.properties."""

SUBMIT = {
    "properties_file": f"{CONF}/spark.conf",
    "env_vars": {"SPARK_CONF_DIR": CONF},
    # The lake refuses a second writer. With a pool of one slot a DAG waits for the other instead:
    #   airflow pools set pivotmine 1 "writers of the lake"
    "pool": os.environ.get("PIVOTMINE_POOL", "pivotmine"),
}
JOBS = os.environ.get("PIVOTMINE_JOBS", "/opt/pivotmine/jobs")

DEFAULTS = {"retries": 2, "retry_delay": timedelta(minutes=10)}


def inputs_setting(deliveries: Iterable[str]) -> str:
    """The recipe's inputs: one a delivery, oldest first, since of copies the first one stays."""
    inputs = [
        {"uris": [f"{folder.rstrip('/')}/{FILES}"], "ingest_id": folder.rstrip("/").split("/")[-1]}
        for folder in sorted(deliveries)
    ]
    return f"ingest.inputs={json.dumps(inputs)}"


with DAG(
    dag_id="pivotmine",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
):

    @task
    def deliveries() -> str:
        """The complete deliveries, as a setting of the recipe."""
        folders = ObjectStoragePath(DELIVERIES).iterdir()
        return inputs_setting(str(path) for path in folders if (path / "_SUCCESS").exists())

    found = deliveries()
    road = SparkSubmitOperator(
        task_id="road",
        application=f"{JOBS}/run_road.py",
        application_args=["--config", RECIPE, "--set", found],
        name="pivotmine",
        **SUBMIT,
    )
    audit = BashOperator(
        task_id="audit",
        bash_command='pivotmine audit --config "$RECIPE"',
        env={"RECIPE": RECIPE},
        append_env=True,
    )
    rejects = BashOperator(
        task_id="rejects",
        bash_command='pivotmine rejects --config "$RECIPE" --max-share "$MAX_REJECTED"',
        env={"RECIPE": RECIPE, "MAX_REJECTED": str(MAX_REJECTED)},
        append_env=True,
        retries=0,
    )
    road >> [audit, rejects]


with DAG(
    dag_id="pivotmine_takedown",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    params={
        "delivery": Param(type="string", minLength=1, description="The ingest_id to remove."),
        "reason": Param("", type="string", description="Why, for table `withdrawals`."),
    },
    default_args=DEFAULTS,
):
    takedown_inputs = deliveries.override(task_id="deliveries")()
    SparkSubmitOperator(
        task_id="takedown",
        application=f"{JOBS}/run_takedown.py",
        application_args=[
            *("--config", RECIPE, "--set", takedown_inputs),
            *("--reason", "{{ params.reason }}", "--", "{{ params.delivery }}"),
        ],
        name="pivotmine-takedown",
        **SUBMIT,
    )
