"""Tasks of counting: every context is in one chunk, and every row of a chunk in one task."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.contexts.cutting import part_tokens
from pivotmine.stages.count.tasks import MIN_TASK_EVENTS, plan_chunks, plan_tasks

files = st.lists(st.tuples(st.text("ab", min_size=1), st.integers(0, 30)), unique_by=lambda f: f[0])


@given(files, st.integers(1, 3 * 2**18))
def test_every_part_of_a_file_is_in_one_chunk_and_chunks_are_full(given_files, most):
    chunks = plan_chunks(given_files, most)
    held = [(p.path, i) for chunk in chunks for p in chunk for i in range(p.start, p.end)]
    assert held == [(path, i) for path, n_parts in given_files for i in range(n_parts)]
    n_parts = [sum(parts.end - parts.start for parts in chunk) for chunk in chunks]
    room = most // part_tokens(most)
    assert all(n == room for n in n_parts[:-1])
    assert all(0 < n <= room for n in n_parts)


events = st.lists(st.integers(0, 3 * MIN_TASK_EVENTS), min_size=1, max_size=30)


@given(events, st.integers(1, 4), st.integers(1, 16))
def test_the_tasks_of_a_chunk_share_its_rows(row_events, n_chunks, parallelism):
    chunks = plan_chunks([("file", n_chunks)], 1)
    tasks = plan_tasks(chunks, np.array(row_events), parallelism)
    for chunk in chunks:
        rows = [row for task in tasks if task.chunk == chunk for row in task.rows]
        assert rows == list(range(len(row_events)))
    assert len(tasks) <= max(n_chunks, n_chunks + parallelism - 1)


def test_work_is_shared_evenly_among_cores():
    row_events = np.full(1000, MIN_TASK_EVENTS)
    row_events[0] = 200 * MIN_TASK_EVENTS
    (chunk,) = plan_chunks([("file", 1)], 2**18)
    tasks = plan_tasks([chunk], row_events, 4)
    shares = [row_events[task.rows.start : task.rows.stop].sum() for task in tasks]
    assert len(tasks) == 4
    assert max(shares) <= 1.02 * sum(shares) / 4


def test_little_work_is_one_task():
    (chunk,) = plan_chunks([("file", 1)], 2**18)
    assert len(plan_tasks([chunk], np.array([10, 20]), 64)) == 1
