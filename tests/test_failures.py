"""Disks that fail: full, or read-only in the middle. A run ends with one line that says the fix.

Every row of the table in `docs/failures.md` is backed by a test; those of damaged files are in
`tests/lake/test_digests.py`, `tests/lake/test_damaged_metadata.py` and
`tests/engine/test_runner.py`. Disks are file systems in memory, in a mount namespace of their own.
"""

from __future__ import annotations

import errno
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from pivotmine.errors import DiskError, LakeError, disk_error
from pivotmine.lake.lake import Lake
from pivotmine.recipe import LakeConfig
from tests.handmade import cli
from tests.road import environment
from tests.small_corpus import write_small_corpus

_UNSHARE = ("unshare", "--map-root-user", "--mount")


def _may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    mount = [*_UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


needs_mount = pytest.mark.skipif(
    not _may_mount(), reason="this machine allows no mount namespaces (unshare --map-root-user)"
)


class Ended(NamedTuple):
    status: int
    err: str
    """What the run wrote to standard error."""

    last: str
    """The last line of it."""


def run_on_disk(folder: Path, disk: str, recipe_settings: dict[str, str], *beside: str) -> Ended:
    """Run the first two stages on a small corpus, with a file system of its own at `folder`/disk.

    Parameters
    ----------
    disk
        Size of the file system, as `mount` takes it.
    beside
        Shell commands that run after the mount; `$disk` is where it is.
    """
    recipe = write_small_corpus(folder)
    (folder / "disk").mkdir()
    overrides = [part for item in recipe_settings.items() for part in ("--set", "=".join(item))]
    run = [sys.executable, "-m", "pivotmine", "run", "--config", str(recipe)]
    run += ["--until", "train_tokenizer", *overrides]
    script = "\n".join(
        [
            f"disk={shlex.quote(str(folder / 'disk'))}",
            f"mount -t tmpfs -o size={disk} tmpfs $disk || exit 99",
            *beside,
            shlex.join(run),
        ]
    )
    done = subprocess.run(
        [*_UNSHARE, "bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=600,
        env=environment(),
        cwd=folder,
        check=False,
    )
    return Ended(done.returncode, done.stderr, done.stderr.strip().rpartition("\n")[2])


def settings_of(folder: Path, warehouse: str) -> dict[str, str]:
    return {
        "lake.warehouse": str(folder / warehouse),
        "ingest.inputs": f"[{{uris: ['{folder / 'corpus.jsonl'}'], source_column: source}}]",
        "terms.lexicons": f"['{folder / 'lexicon.tsv'}']",
    }


@needs_mount
def test_a_full_disk_of_the_warehouse_is_said_in_one_line(tmp_path: Path):
    ended = run_on_disk(tmp_path, "160k", settings_of(tmp_path, "disk"))
    assert ended.status == 2
    assert "no space is left on a disk" in ended.last
    assert "lake.warehouse" in ended.last
    assert "Traceback" not in ended.err


@needs_mount
def test_a_full_disk_of_spark_is_said_in_one_line_and_costs_nothing(tmp_path: Path):
    """The lake holds what was committed before, and nothing else.

    Ingesting this corpus leaves little in Spark's local folder, training a tokenizer more, if small
    tables do not stay in the driver.
    """
    local = f"{{spark.local.dir: '{tmp_path / 'disk'}'}}"
    scratch = {"spark.conf": local, "spark.small_bytes": "0"}
    ended = run_on_disk(
        tmp_path,
        "1m",
        settings_of(tmp_path, "lake") | scratch,
        "head -c 1030000 /dev/zero > $disk/fill",
    )
    assert ended.status == 2
    assert "no space is left on a disk" in ended.last
    assert "spark.local.dir" in ended.last
    assert "Traceback" not in ended.err
    status, _, err = cli("audit", "--set", f"lake.warehouse={tmp_path / 'lake'}")
    assert status == 0, err
    lake = Lake(LakeConfig(warehouse=str(tmp_path / "lake")), read_only=True)
    assert lake.runs()["stage"].to_pylist() == ["ingest"]
    assert lake.snapshot("tokenizer") is None


@needs_mount
def test_a_disk_that_becomes_read_only_is_said_in_one_line(tmp_path: Path):
    # The kernel makes no file system read-only in which files are open, so another mount of the
    # folder of the tables is put over it.
    becomes_read_only = (
        "tables=$disk/lake/pivotmine; (until [ -d $tables/runs/metadata ]; do sleep 0.02; done; "
        "mount --bind $tables $tables && mount -o remount,bind,ro $tables) &"
    )
    ended = run_on_disk(tmp_path, "50m", settings_of(tmp_path, "disk/lake"), becomes_read_only)
    assert ended.status == 2
    assert "ead-only" in ended.last
    assert "Traceback" not in ended.err


def test_a_warehouse_that_may_not_be_written_is_said_before_anything_runs(tmp_path: Path):
    recipe = write_small_corpus(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    where = settings_of(tmp_path, "file/lake")
    overrides = [part for item in where.items() for part in ("--set", "=".join(item))]
    status, _, err = cli("run", "--config", str(recipe), *overrides)
    assert status == 2
    assert len(err.splitlines()) == 1
    assert "lake.warehouse" in err


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), "is left on a disk: /data/x"),
        (RuntimeError("java.io.IOException: No space left on device\n\tat x"), "no space is left"),
        (sqlite3.OperationalError("database or disk is full"), "no space is left on a disk"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "a disk is read-only"),
        (sqlite3.OperationalError("disk I/O error"), "a disk reports an error"),
        (caused(ValueError("x"), OSError(errno.EROFS, "Read-only")), "a disk is read-only"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the quota of a disk is used up"),
        (OSError(errno.EIO, "Input/output error"), "a disk reports an error"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/x"),
            "access to a file is denied: /x",
        ),
    ],
)
def test_errors_of_disks_are_told_with_their_fix(error: Exception, said: str):
    found = disk_error(error)
    assert isinstance(found, DiskError)
    assert said in str(found)
    assert len(str(found).splitlines()) == 1


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("y"), LakeError("no table")])
def test_other_errors_are_no_errors_of_disks(error: Exception):
    assert disk_error(error) is None
