"""Example Airflow DAG: mine what is new every night, then audit the lake.

Needs apache-airflow-providers-apache-spark. One task runs the whole road: the runner skips what is
committed and resumes where a run died, so a retry repeats no finished stage.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

RECIPE = "s3a://bucket/recipes/corpus.yaml"

with DAG(
    dag_id="pivotmine",
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
):
    road = SparkSubmitOperator(
        task_id="road",
        application="jobs/run_road.py",
        application_args=["--config", RECIPE],
        properties_file="conf/spark-defaults.conf",
    )
    audit = BashOperator(task_id="audit", bash_command=f"pivotmine audit --config {RECIPE}")
    road >> audit
