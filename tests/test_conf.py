"""The files of conf/ for clusters, read by Spark itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from pivotmine.ask.plan import plan
from pivotmine.ask.plan_constants import MEASURED
from pivotmine.recipe import Recipe

ROOT = Path(__file__).parent.parent
CONF = ROOT / "conf"
COMMON = CONF / "spark-defaults.conf"
CLUSTERS = sorted(CONF.glob("*/spark.conf"))

OPEN_ENDED = (
    *("spark.executorEnv.", "spark.yarn.appMasterEnv.", "spark.hadoop."),
    *("spark.kubernetes.driver.secretKeyRef.", "spark.kubernetes.executor.volumes."),
)
"""Prefixes of settings whose names go on as users like, so that Spark has no entry for them."""

WITHOUT_ENTRY = {"spark.master"}
"""Settings that Spark reads by name."""

REGISTRIES = (
    *("org.apache.spark.internal.config.package$", "org.apache.spark.internal.config.Python$"),
    *("org.apache.spark.internal.config.UI$", "org.apache.spark.sql.internal.SQLConf$"),
    *("org.apache.spark.deploy.k8s.Config$", "org.apache.spark.deploy.yarn.config.package$"),
)
"""Objects of Spark that declare settings when they are loaded."""


def settings(spark: SparkSession, path: Path) -> dict[str, str]:
    """Settings of a file, as spark-submit reads it."""
    jvm: Any = spark._jvm
    found = jvm.org.apache.spark.util.Utils.getPropertiesFromFile(str(path))
    pairs = jvm.scala.jdk.javaapi.CollectionConverters.asJava(found)
    return {str(key): str(pairs[key]) for key in pairs}


def test_there_is_a_file_for_every_kind_of_cluster():
    assert [path.parent.name for path in CLUSTERS] == ["kubernetes", "standalone", "yarn"]


@pytest.mark.parametrize("path", [COMMON, *CLUSTERS], ids=lambda path: path.parent.name)
def test_spark_knows_every_setting_and_can_read_its_value(spark: SparkSession, path: Path):
    jvm: Any = spark._jvm
    for name in REGISTRIES:
        jvm.java.lang.Class.forName(name)
    found = settings(spark, path)
    assert found
    for key, value in found.items():
        entry = jvm.org.apache.spark.internal.config.ConfigEntry.findEntry(key)
        known = entry is not None or key in WITHOUT_ENTRY or key.startswith(OPEN_ENDED)
        assert known, key
        if entry is not None:
            entry.valueConverter().apply(value)


def test_a_misspelt_setting_would_be_noticed(spark: SparkSession):
    jvm: Any = spark._jvm
    find = jvm.org.apache.spark.internal.config.ConfigEntry.findEntry
    assert find("spark.executor.memoryOverhed") is None
    with pytest.raises(Exception, match="8x"):
        find("spark.executor.memory").valueConverter().apply("8x")


@pytest.mark.parametrize("path", CLUSTERS, ids=lambda path: path.parent.name)
def test_a_cluster_repeats_nothing_of_the_common_settings(spark: SparkSession, path: Path):
    assert settings(spark, path).keys() & settings(spark, COMMON).keys() == set()


def test_executors_have_memory_beside_the_heap_for_as_many_workers_as_cores(spark: SparkSession):
    found = settings(spark, COMMON)
    overhead_bytes = int(found["spark.executor.memoryOverhead"].removesuffix("g")) * 2**30
    stages = plan(1e12, 4, Recipe(), 10e9, MEASURED).stages
    parallel = max(stage.task_bytes for stage in stages if stage.is_parallel)
    alone = max(stage.task_bytes for stage in stages)
    assert max(int(found["spark.executor.cores"]) * parallel, alone) <= overhead_bytes


def test_the_image_has_the_spark_of_the_constraints():
    (pinned,) = re.findall(r"^pyspark==(.+)$", (ROOT / "constraints.txt").read_text(), re.M)
    dockerfile = (CONF / "kubernetes" / "Dockerfile").read_text()
    assert re.findall(r"^ARG SPARK_VERSION=(.+)$", dockerfile, re.M) == [pinned]


def test_files_that_the_image_copies_reach_the_builder():
    ignored = (ROOT / ".dockerignore").read_text().split()
    let_through = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    needed = {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "MANIFEST.in"}
    links = {path.readlink().name for path in (ROOT / "pivotmine").iterdir() if path.is_symlink()}
    assert let_through == needed | links | {"pivotmine", "jobs"}
    assert all((ROOT / name).exists() for name in let_through)


def test_manifests_of_kubernetes_name_what_the_settings_name(spark: SparkSession):
    found = settings(spark, CONF / "kubernetes" / "spark.conf")
    template = found["spark.kubernetes.executor.podTemplateFile"]
    pod = yaml.safe_load((ROOT / template).read_text())
    assert pod["kind"] == "Pod"
    manifests = yaml.safe_load_all((CONF / "kubernetes" / "service-account.yaml").read_text())
    accounts = [one["metadata"] for one in manifests if one["kind"] == "ServiceAccount"]
    name = "spark.kubernetes.authenticate.driver.serviceAccountName"
    assert accounts == [{"name": found[name], "namespace": found["spark.kubernetes.namespace"]}]
