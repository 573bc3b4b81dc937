"""The whole road on real text: same tables whatever the machine does, and nothing half done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pivotmine.demo import assemble
from pivotmine.stages.road import ROAD
from tests.road import (
    WHERE_COLUMNS,
    command,
    contents,
    contexts_of,
    environment,
    open_lake,
    run_cli,
    settings_for,
    snapshots,
    write_jsonl,
)

DEMO = Path(__file__).parent.parent / ".pivotmine" / "demo"

KILLED = [stage.name for stage in ROAD]
if not os.environ.get("PIVOTMINE_TEST_EVERY_KILL"):
    # A kill costs a start of Spark: one late, of a stage that writes files beside its table. All
    # are a matter of minutes, for a release.
    KILLED = ["shard"]


@pytest.fixture(scope="session")
def documents() -> list[dict[str, str]]:
    """About a megabyte of the demo corpus, every kind of it, with copies."""
    corpus = assemble(DEMO, lambda line: None)
    pages = next(path for path in corpus.files if path.suffix == ".jsonl")
    (dictionary,) = (path for path in corpus.files if path.suffix == ".parquet")
    with open(pages, encoding="utf-8") as stream:
        some = [json.loads(line) for line in islice(stream, 0, 4000, 10)]
    some += pq.read_table(dictionary).to_pylist()[::10]
    return [*some, *some[::50]]


@pytest.fixture(scope="session")
def undisturbed(documents, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A corpus in one file, and the lake of a run over it on two cores."""
    folder = tmp_path_factory.mktemp("undisturbed")
    corpus = write_jsonl(folder / "corpus", documents, n_files=1)
    run_cli("run", *settings_for(corpus, folder / "lake", "spark.master=local[2]"))
    return corpus, folder / "lake"


def test_the_road_ends_with_something_in_every_table(undisturbed):
    _, lake = undisturbed
    empty = [name for name, rows in contents(lake).items() if not rows]
    of_pairs = ["document_pairs", "segment_pairs", "pairings"]  # `pair.enabled` is off
    assert empty == ["near_copies", "signatures", "rejects", "withdrawals", *of_pairs]


def test_audit_finds_nothing_amiss(undisturbed):
    _, lake = undisturbed
    report = run_cli("audit", "--set", f"lake.warehouse={lake}").stdout
    assert "records read = documents + rejects + duplicates" in report
    assert "shard files hold the selected documents in order" in report
    assert "FAIL" not in report


def test_audit_notices_a_changed_shard(undisturbed, tmp_path: Path):
    _, lake = undisturbed
    (path,) = islice((p for p in lake.rglob("tokens-*.npy")), 1)
    original = path.read_bytes()
    try:
        path.write_bytes(original[:-2] + bytes([original[-2] ^ 1, original[-1]]))
        report = run_cli("audit", "--set", f"lake.warehouse={lake}", expect=1).stdout
        assert "FAIL shard files have their checksums" in report
    finally:
        path.write_bytes(original)


def test_runs_killed_on_one_core_and_ten_files_end_in_the_same_tables(
    undisturbed, documents, tmp_path: Path
):
    """One core, ten files, other partitions, everything in Spark, killed again and again: each
    differs from the undisturbed run, and one comparison serves all."""
    corpus = write_jsonl(tmp_path / "corpus", documents, n_files=10)
    lake = tmp_path / "lake"
    other = ("spark.master=local[1]", "spark.shuffle_partitions=7", "count.chunk_tokens=7000")
    other += ("spark.small_bytes=0",)
    arguments = ("run", *settings_for(corpus, lake, *other))

    kill_between_the_commits_of_tables(arguments)
    assert set(snapshots(lake).values()) == {None}
    for number, stage in enumerate(stage for stage in ROAD if stage.name in KILLED):
        before = snapshots(lake)
        # Half of the kills come when the stage writes its last table, half when it starts.
        moment = f"{stage.name}: started" if number % 2 else f"writing {stage.writes[-1]}"
        log = kill_at(arguments, moment)
        after = snapshots(lake)
        changed = {name for name in after if after[name] != before[name]}
        assert not changed & set(stage.writes), f"{stage.name} was not committed"
        assert number or "recovered: deleted uncommitted files documents/data/" in log
    run_cli(*arguments)

    committed = set(open_lake(lake).runs().column("run_id").to_pylist())
    staged = {path.name for path in lake.glob("pivotmine/*/data/2*")}
    assert staged <= committed, "files of the killed runs are gone"
    expected = contents(undisturbed[1], *WHERE_COLUMNS)
    found = contents(lake, *WHERE_COLUMNS)
    del expected["inputs"], found["inputs"]  # one row a piece of a file
    for tables in (expected, found):  # count.chunk_tokens cuts the rows, and not the contexts
        tables["contexts"] = sorted(one for row in tables["contexts"] for one in contexts_of(row))
    for table, rows in expected.items():
        assert found[table] == rows, table


def kill_at(arguments: tuple[str, ...], moment: str) -> str:
    """Run until a line of the log holds `moment`, then SIGKILL the driver; returns the log."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr is not None
    log = ""
    for line in process.stderr:
        log += line
        if moment in line:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return log
    raise AssertionError(f"the run ended without {moment!r}")


def kill_between_the_commits_of_tables(arguments: tuple[str, ...]) -> None:
    """Run until the third table of the first stage is ready to be committed, and die there."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pivotmine.lake import commit
        prepare, calls = commit.prepare, []
        def dying(*arguments):
            calls.append(prepare(*arguments))
            if len(calls) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return calls[-1]
        commit.prepare = dying
        from pivotmine.cli.app import main
        main()
        """
    )
    died = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=environment(), timeout=300
    )
    assert died.returncode == -signal.SIGKILL


def test_a_second_run_skips_everything(undisturbed):
    corpus, lake = undisturbed
    before = snapshots(lake)
    done = run_cli("run", *settings_for(corpus, lake, "spark.master=local[2]"))
    assert done.stderr.count("committed before, skipped") == len(ROAD)
    assert snapshots(lake) == before


def test_token_shards_hold_the_tokens_of_the_selection(undisturbed):
    _, lake = undisturbed
    manifests = sorted(lake.rglob("manifest.json"))
    assert len(manifests) == 3
    rows = open_lake(lake).read("tokens", ["doc_id", "token_ids"]).to_pylist()
    tokens = {row["doc_id"]: row["token_ids"] for row in rows}
    selection = contents(lake)["selection"]
    for path in manifests:
        manifest = json.loads(path.read_text())
        chosen = sorted((row[2], row[1]) for row in selection if row[0] == manifest["arm"])
        dtype = np.dtype(manifest["tokens"]["dtype"].split()[-1])
        shards = sorted(path.parent.glob("*.npy"))
        assert len(shards) > 1, "the recipe asks for small shards"
        stored = np.concatenate([np.fromfile(shard, dtype) for shard in shards])
        eos = manifest["tokens"]["eos_token_id"]
        expected = np.concatenate([[*tokens[doc_id], eos] for _, doc_id in chosen])
        assert np.array_equal(stored, expected)
        assert manifest["n_tokens"] == len(stored) - len(chosen)


def test_the_trained_tokenizer_lies_beside_the_shards(undisturbed):
    _, lake = undisturbed
    (row,) = (
        open_lake(lake).catalog.load_table(("pivotmine", "tokenizer")).scan().to_arrow().to_pylist()
    )
    models = list(lake.rglob("tokenizer.model"))
    assert len(models) == 3
    assert {path.read_bytes() for path in models} == {row["model"]}
