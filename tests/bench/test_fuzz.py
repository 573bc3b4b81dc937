"""A few hundred of the damaged files that `python -m bench.fuzz` feeds to the readers."""

from __future__ import annotations

import random
from pathlib import Path

from bench.damaged_files import MAKERS, PACKERS, format_of, make_case
from bench.fuzz import read_case


def test_damaged_files_neither_crash_nor_lose_a_record(tmp_path: Path):
    seen = set()
    for case in range(300):
        name, data = make_case(1, case)
        assert make_case(1, case) == (name, data), "a case can be had again"
        (tmp_path / name).write_bytes(data)
        outcome = read_case(tmp_path / name, random.Random(case))
        assert outcome.failure is None, f"case {case} of seed 1, {name}"
        seen.add(format_of(name))
    packed = len(MAKERS) - 1
    assert len(seen) == packed * len(PACKERS) + 1, "every format, plain and packed"
