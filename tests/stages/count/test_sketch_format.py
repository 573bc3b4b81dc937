"""Sketch files are read back as written, and any damage is found."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given

from pivotmine.errors import InputError
from pivotmine.stages.count.sketch import add_pairs
from pivotmine.stages.count.sketch_format import open_sketch, write_sketch
from pivotmine.stages.count.sketch_shape import CountMinSketch, SketchShape
from tests.stages.count.sketches import (
    assert_upper_bounds,
    columns,
    estimates,
    merge_sketches,
    row_lists,
    shapes,
    sketch_of,
    totals,
    zipf_rows,
)

SPECIFICATION = Path(__file__).parents[3] / "docs" / "sketch-format.md"


def written(sketch: CountMinSketch) -> bytes:
    file = BytesIO()
    write_sketch(sketch, file)
    return file.getvalue()


@given(shape=shapes(), rows=row_lists)
def test_a_written_sketch_is_read_back(shape, rows):
    sketch = sketch_of(shape, rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.sketch"
        path.write_bytes(written(sketch))
        again = open_sketch(path, verify=True)
    assert again.shape == shape
    assert np.array_equal(again.counters, sketch.counters)
    assert np.array_equal(again.added, sketch.added)
    assert written(again) == written(sketch)
    pairs = totals(rows)
    assert estimates(again, pairs) == estimates(sketch, pairs)


@pytest.fixture
def sketch_file(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.sketch"
    path.write_bytes(written(sketch_of(SketchShape(3, 2, 16, 2), zipf_rows(50))))
    return path


@pytest.mark.parametrize("verify", [False, True])
def test_an_opened_file_is_mapped_read_only(sketch_file: Path, verify: bool):
    sketch = open_sketch(sketch_file, verify=verify)
    rows = zipf_rows(50)
    assert_upper_bounds(sketch, totals(rows))
    assert sketch.n_added == totals(rows).total()
    with pytest.raises(ValueError, match="read-only"):
        sketch.counters[0, 0, 0] = 1
    with pytest.raises(InputError, match="read-only"):
        add_pairs(sketch, *columns(rows))
    base = sketch.counters
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)


def test_a_mapped_sketch_can_be_merged_into_another(sketch_file: Path):
    part = sketch_of(SketchShape(3, 2, 16, 2), [(1, 2, 3)])
    merged = merge_sketches(open_sketch(sketch_file), part)
    assert_upper_bounds(merged, totals(zipf_rows(50), [(1, 2, 3)]))


def test_every_changed_byte_is_found(sketch_file: Path):
    data = bytearray(sketch_file.read_bytes())
    for i in range(len(data)):
        data[i] ^= 1
        sketch_file.write_bytes(data)
        with pytest.raises(InputError):
            open_sketch(sketch_file, verify=True)
        data[i] ^= 1


@pytest.mark.parametrize(
    ("start", "found", "message"),
    [
        (0, b"PAR1", "is not a sketch: it starts with b'PAR1ETCH'"),
        (8, b"\2", "has format version 2, this program reads 1"),
        (12, b"\7", "has hash 7, this program reads 1"),
        (16, b"\0", "is damaged: its header says .*blocks=0"),
        (24, b"\0", "is damaged: its header says .*depth=0"),
        (28, b"\3", "is damaged: its header says .*counter_bytes=3"),
        (32, b"\x0f", "is damaged: its header says .*width=15"),
        (16, b"\4", "is truncated: .* bytes, not"),
        (16, b"\2", "is too long: .* bytes, not"),
        (40, b"\0", "is damaged: blocks sum to .*, not to"),
    ],
)
def test_a_wrong_header_is_named_without_reading_the_counters(
    sketch_file: Path, start, found, message
):
    data = bytearray(sketch_file.read_bytes())
    data[start : start + len(found)] = found
    sketch_file.write_bytes(data)
    with pytest.raises(InputError, match=rf"pairs\.sketch {message}"):
        open_sketch(sketch_file)


@pytest.mark.parametrize("kept", [0, 5, 90, 100, -1])
def test_a_truncated_file_is_refused(sketch_file: Path, kept):
    sketch_file.write_bytes(sketch_file.read_bytes()[:kept])
    with pytest.raises(InputError, match="truncated"):
        open_sketch(sketch_file)


def test_a_changed_counter_is_found_if_the_checksum_is_verified(sketch_file: Path):
    data = bytearray(sketch_file.read_bytes())
    data[-1] ^= 1
    sketch_file.write_bytes(data)
    open_sketch(sketch_file)
    with pytest.raises(InputError, match="do not match its checksum"):
        open_sketch(sketch_file, verify=True)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"absent\.sketch cannot be read"):
        open_sketch(tmp_path / "absent.sketch")


def test_the_worked_example_of_the_specification_is_what_is_written():
    lines = SPECIFICATION.read_text().splitlines()
    dump = [line.split()[1:] for line in lines if line[:4].isalnum() and line[4:6] == "  "]
    specified = bytes.fromhex("".join("".join(line) for line in dump))
    rows = [(1, 2, 3), (1, 7, 1), (5, 2, 300)]
    assert written(sketch_of(SketchShape(2, 2, 4, 1), rows)) == specified
