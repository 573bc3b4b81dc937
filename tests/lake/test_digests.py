"""A lake notices that a file is gone or changed: by its size at once, by its bytes in an audit."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pivotmine.errors import LakeError
from pivotmine.keep.audit_files import audit_files
from pivotmine.lake.digests import (
    DIGESTS_FILE,
    Damage,
    DigestsLost,
    digest_files,
    digest_of,
    missing_or_resized,
    recorded,
)
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.removal import forget_past
from pivotmine.recipe import LakeConfig
from tests.handmade import Row, make_lake, put, settings
from tests.handmade import cli as command

N_FLIPPED = 45


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Three tables, one of them with hundreds of rows of text."""
    draw = random.Random(7)
    words = ("cat", "chat", "猫", "milk", "lait")
    texts = [" ".join(draw.choices(words, k=40)) for _ in range(400)]
    documents: list[Row] = [{"doc_id": f"{n:04}", "text": text} for n, text in enumerate(texts)]
    return make_lake(
        tmp_path / "lake",
        documents=documents,
        links=[{"a": n, "b": n + 1, "g2": n / 7} for n in range(300)],
        rejects=[],
    )


def data_files(lake: Lake) -> list[Path]:
    names = ("documents", "links", "rejects")
    return [Path(path.removeprefix("file://")) for name in names for path in lake.files(name)]


def damages(lake: Lake, *, quick: bool = False) -> list[Damage]:
    return [damage for finding in audit_files(lake, quick=quick) for damage in finding.damages]


def reopened(lake: Lake) -> Lake:
    return Lake(LakeConfig(warehouse=lake.warehouse), read_only=True)


def test_a_sound_lake_has_no_damage(lake: Lake):
    assert damages(lake) == []
    listed = recorded(lake, "links")
    assert listed == digest_files(lake, lake.files("links"))


def test_every_flipped_bit_is_found(lake: Lake):
    """Wherever in a data file it is: in a page, a page's header, or the footer."""
    files = data_files(lake)
    draw = random.Random(20)
    for _ in range(N_FLIPPED):
        path = draw.choices(files, [file.stat().st_size for file in files])[0]
        original = path.read_bytes()
        flipped = bytearray(original)
        flipped[draw.randrange(len(original))] ^= 1 << draw.randrange(8)
        path.write_bytes(flipped)
        found = damages(lake)
        path.write_bytes(original)
        assert [(Path(one.path).name, one.what) for one in found] == [
            (path.name, "is not as it was written")
        ]


def test_a_flipped_bit_in_a_page_is_no_other_value(lake: Lake):
    """A page has a checksum of its own, which readers compare."""
    (path,) = (Path(file.removeprefix("file://")) for file in lake.files("links"))
    content = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    content[start + column.total_compressed_size - 1] ^= 1
    path.write_bytes(content)
    with pytest.raises(LakeError, match=f"{path.name} is damaged .*pivotmine audit"):
        lake.read("links")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "deleted": (Path.unlink, "is gone"),
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes, was written with"),
    "longer": (lambda path: path.write_bytes(path.read_bytes() + b"x"), "bytes, was written with"),
}


@pytest.mark.parametrize(("damage", "what"), DAMAGE.values(), ids=DAMAGE.keys())
def test_what_is_gone_or_of_another_size_is_found_without_reading(lake: Lake, damage, what: str):
    (path,) = (Path(file.removeprefix("file://")) for file in lake.files("links"))
    damage(path)
    (found,) = missing_or_resized(lake, "links")
    assert found.path.endswith(path.name)
    assert what in found.what
    assert damages(lake, quick=True) == [found]


def test_a_changed_list_of_digests_is_found(lake: Lake):
    folder = Path(lake.files("links")[0].removeprefix("file://")).parent
    listed = json.loads((folder / DIGESTS_FILE).read_text())
    (name,) = listed
    (folder / DIGESTS_FILE).write_text(json.dumps({name: [1, "00"]}))
    with pytest.raises(DigestsLost, match="not as it was written"):
        recorded(lake, "links")
    (found,) = damages(lake)
    assert found.path.endswith(DIGESTS_FILE)
    (folder / DIGESTS_FILE).unlink()
    assert [one.what for one in damages(lake)] == ["is gone"]


def test_files_that_stay_in_a_table_keep_their_digests(lake: Lake):
    """Also when all that came before is deleted."""
    kept = lake.files("links")
    before = recorded(lake, "links")
    put(lake, kept={"links": kept}, links=[{"a": 1}])
    after = recorded(lake, "links")
    assert before is not None
    assert after is not None
    assert len(after) == 2
    assert before.items() <= after.items()
    with hold_lease(lake):
        forget_past(lake)
    assert recorded(reopened(lake), "links") == after
    assert damages(reopened(lake)) == []


def test_a_moved_lake_keeps_its_digests(lake: Lake, tmp_path: Path):
    """They name files by their place below the namespace."""
    path = data_files(lake)[0]
    listed = json.loads((path.parent / DIGESTS_FILE).read_text())
    assert list(listed) == [str(path.relative_to(tmp_path / "lake" / "pivotmine"))]


def test_a_lake_of_an_earlier_version_is_told_from_a_damaged_one(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pivotmine.lake.digests.DIGESTS", "other")
    findings = list(audit_files(reopened(lake)))
    assert all(finding.holds for finding in findings)
    assert "earlier versions wrote documents, rejects, links" in findings[1].figures


def test_training_files_have_digests_too(lake: Lake):
    """Those of their rows, and those of what lies beside them."""
    folder = f"{lake.warehouse}/pivotmine/shards/files/run-shards/random"
    lake.filesystem.makedirs(folder)
    for name in ("tokens-00000.npy", "tokens-00000.csv.gz", "manifest.json"):
        with lake.filesystem.open(f"{folder}/{name}", "wb") as stream:
            stream.write(name.encode())
    main = f"{folder}/tokens-00000.npy"
    with lake.open(main) as stream:
        checksum = digest_of(stream).blake3
    put(lake, run_id="run-shards", shards=[{"path": main, "checksum": checksum, "format": "npy"}])
    listed = recorded(lake, "shards")
    assert listed is not None
    assert {Path(path).name for path in listed} == {
        *("tokens-00000.npy", "tokens-00000.csv.gz", "manifest.json", "part-0.parquet")
    }
    assert damages(lake) == []
    lake.filesystem.rm(f"{folder}/manifest.json")
    assert [one.what for one in missing_or_resized(lake, "shards")] == ["is gone"]


def test_the_audit_says_what_is_damaged_and_how_to_mend_it(lake: Lake):
    (path,) = (Path(file.removeprefix("file://")) for file in lake.files("documents"))
    path.unlink()
    status, out, err = command("audit", *settings(lake))
    assert (status, err) == (1, "")
    assert f"documents: {path.as_uri()} is gone" in out
    assert "`pivotmine run` then makes its table anew" in out
    assert command("audit", "--quick", *settings(lake)).status == 1
