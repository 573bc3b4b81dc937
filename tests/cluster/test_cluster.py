"""The road over a cluster that shares nothing, with faults everywhere, as on one machine."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import psutil
import pytest
import yaml

from pivotmine.lake.lake import Lake
from pivotmine.recipe.reading import load_recipe
from tests.cluster.conftest import BUCKET, TOKEN
from tests.cluster.processes import wait_until
from tests.cluster.rest_catalog import RestCatalog, properties
from tests.cluster.site import Site, build_pex, open_lake
from tests.road import WHERE_COLUMNS, contents_of, run_cli
from tests.small_corpus import write_small_corpus
from tests.storage.s3_server import S3Server

pytestmark = pytest.mark.cluster

UNAVAILABLE_SHARE, RESET_SHARE = 0.02, 0.01

LEFT_OUT = (*WHERE_COLUMNS, "fingerprint")
"""Columns of places and times."""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A corpus, and the tables that one machine makes of it."""
    folder = tmp_path_factory.mktemp("one-machine")
    recipe = write_small_corpus(folder)
    text = recipe.read_text(encoding="utf-8")
    for name in ("corpus.jsonl", "lexicon.tsv", "warehouse: lake"):
        text = text.replace(name, name.replace("lake", str(folder / "lake")))
    settings = yaml.safe_load(text)
    settings["ingest"]["inputs"][0]["uris"] = [str(folder / "corpus.jsonl")]
    settings["terms"]["lexicons"] = [str(folder / "lexicon.tsv")]
    settings["spark"]["master"] = "local[2]"
    recipe.write_text(yaml.safe_dump(settings), encoding="utf-8")
    run_cli("run", "--config", str(recipe))
    return recipe, contents_of(Lake(load_recipe(str(recipe)).lake), *LEFT_OUT)


def test_workers_see_nothing_of_the_driver(site: Site):
    if site.cluster.unshare is None:
        pytest.skip("this machine gives no process its own mounts (unshare -m)")
    for worker in site.cluster.workers:
        (daemon,) = (
            process
            for process in [psutil.Process(worker.process.pid)]
            if "Worker" in " ".join(process.cmdline())
        )
        seen = Path(f"/proc/{daemon.pid}/root")
        for hidden in site.cluster.hidden:
            assert list((seen / hidden.relative_to("/")).iterdir()) == []
            assert list(hidden.iterdir()) != []


def test_the_road_with_killed_executors_and_drivers_gives_the_tables_of_one_machine(
    site: Site, store: S3Server, rest_catalog: RestCatalog, expected: tuple[Path, dict]
):
    one_machine, tables = expected
    for name in ("corpus.jsonl", "lexicon.tsv"):
        store.client().upload_file(str(one_machine.parent / name), BUCKET, f"source/{name}")
    settings = yaml.safe_load(one_machine.read_text(encoding="utf-8"))
    settings["lake"] = {
        "warehouse": f"s3://{BUCKET}/lake",
        "catalog": dict(properties(rest_catalog, TOKEN)),
    }
    settings["ingest"]["inputs"][0]["uris"] = [f"s3://{BUCKET}/source/corpus.jsonl"]
    settings["terms"]["lexicons"] = [f"s3://{BUCKET}/source/lexicon.tsv"]
    recipe = site.write_recipe("corpus.yaml", settings)
    draws = random.Random(0)

    def fault(number: int, method: str, path: str) -> str:
        drawn = draws.random()
        if drawn < UNAVAILABLE_SHARE:
            return "503"
        return "reset" if drawn < UNAVAILABLE_SHARE + RESET_SHARE else ""

    store.fault = fault
    with store.counted() as requests:
        interrupted_road(site, recipe)
    store.fault = lambda number, method, path: ""
    print(f"{sum(requests.values()):,} requests to the store: {dict(requests)}")
    print(f"{sum(rest_catalog.requests.values()):,} requests to the catalog")

    audit = site.command("audit", "--config", str(recipe))
    assert audit.wait() == 0, audit.said()
    found = contents_of(open_lake(recipe), *LEFT_OUT)
    assert found.keys() == tables.keys()
    for name, rows in tables.items():
        assert found[name] == rows, name


def test_a_pex_brings_code_and_libraries_to_executors(
    site: Site, store: S3Server, rest_catalog: RestCatalog, tmp_path: Path
):
    pex = build_pex(site.code.with_suffix(""), tmp_path / "pivotmine.pex")
    lines = "".join(f'{{"text": "The page number {n} of a small book."}}\n' for n in range(20))
    store.client().put_object(Bucket=BUCKET, Key="pex/a.jsonl", Body=lines.encode())
    settings = {
        "lake": {
            "warehouse": f"s3://{BUCKET}/lake",
            "namespace": "pex",
            "catalog": dict(properties(rest_catalog, TOKEN)),
        },
        "ingest": {"inputs": [{"uris": [f"s3://{BUCKET}/pex/a.jsonl"]}]},
    }
    driver = site.submit(
        site.write_recipe("pex.yaml", settings),
        *("--until", "ingest"),
        conf=(
            *(f"spark.archives={pex}#pivotmine.pex", "spark.pyspark.python=./pivotmine.pex"),
            "spark.executorEnv.PYTHONPATH=",
        ),
    )
    assert driver.wait() == 0, driver.said()
    assert "ingest: committed; rows in 20, out 20" in driver.said()


def interrupted_road(site: Site, recipe: Path) -> None:
    """Run the road in four drivers: killed, accompanied and interrupted, and one to the end."""
    first = site.submit(recipe)
    first.wait_for("ingest: computing records")
    wait_until(lambda: len(site.cluster.executors()) == 2, "two executors")
    site.cluster.executors()[0].kill()
    first.wait_for("tokenize: started")
    first.end(signal.SIGKILL)

    second = site.submit(recipe)
    second.wait_for("count: started")
    beside = site.submit(recipe)
    assert beside.wait() == 2, beside.said()
    assert "another run is writing" in beside.said()
    second.wait_for("link: started")
    site.cluster.executors()[-1].kill()
    second.end(signal.SIGINT)
    assert second.wait() != 0
    assert "link: committed" not in second.said()

    third = site.submit(recipe)
    assert third.wait() == 0, third.said()
    assert "ingest: committed before" in third.said()
    check_quiet(third.said())


def check_quiet(said: str) -> None:
    """A driver says what PivotMine does, and little else."""
    others = [line for line in said.splitlines() if " INFO " in line or " WARN " in line]
    assert len(others) < 10, "\n".join(others)
