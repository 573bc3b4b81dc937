"""Costs of a run are sizes times constants, checked against values that were worked out by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pivotmine.ask.plan import Plan, parse_bytes, plan, text_bytes
from pivotmine.ask.plan_constants import MEASURED, Constants
from pivotmine.ask.plan_counting import chunk_bytes, count
from pivotmine.cli.app import app
from pivotmine.errors import ConfigError
from pivotmine.recipe.reading import load_recipe

ROOT = Path(__file__).parents[2]
ROUND = MEASURED.replaced(
    [
        *("token_bytes=4", "document_bytes=1000", "segment_tokens=10", "mixed_share=0.1"),
        *("tokenize_seconds=1.8", "read_ns=20", "cut_ns=30", "line_ns=16", "line_bytes=16"),
        *("load_ns=30", "events=10", "event_ns=6", "chunk_tokens=1e6", "chunk_pairs=1e7"),
        *("growth=0.5", "pair_bytes=2", "pair_ns=200", "sketch_ns=20", "sent_share=0.1"),
        *("language_nodes=1", "context_memory=20", "worker_bytes=250e6", "tokens_bytes=2"),
    ]
)
"""Constants with which a table can be worked out on paper."""

NO_LIMIT = "count.max_shuffle_bytes=1_000_000_000_000_000"


def planned(n_bytes: float, *settings: str, core_bytes: float = 10e9) -> Plan:
    return plan(n_bytes, 4, load_recipe(None, settings), core_bytes, ROUND)


def test_costs_of_four_terabytes_are_those_worked_out_by_hand():
    found = planned(4e12, "count.chunk_tokens=100_000_000", NO_LIMIT)
    assert found.n_tokens == 1e12
    assert found.context_tokens == 1e11
    assert found.n_documents == 4e9
    stages = {cost.stage: cost for cost in found.stages}
    # 4 million MB at 1.8 s; 1e12 tokens at (20 + 30) + (20 + 16) ns.
    assert stages["tokenize"].core_hours == pytest.approx(2000)
    assert stages["tokenize"].disk_bytes == 2e12
    assert stages["contexts"].core_hours == pytest.approx(86_000 / 3600)
    assert stages["contexts"].shuffle_bytes == pytest.approx(1.6e12)
    # 1,000 chunks of 1e7 * sqrt(100) pairs: 1e11 pairs of 2 bytes.
    assert found.counting.n_chunks == 1000
    assert found.counting.pairs == pytest.approx(1e11)
    assert stages["count"].shuffle_bytes == pytest.approx(2e11)
    # Twice 30 ns and 10 * 6 ns a context token, 200 ns a pair: 12,000 s and 20,000 s.
    assert stages["count"].core_hours == pytest.approx(32_000 / 3600)
    assert stages["count"].task_bytes == pytest.approx(100e6 * 20 + 30e6 + 250e6)
    assert found.core_hours == pytest.approx(sum(cost.core_hours for cost in found.stages))


def test_a_second_pass_sends_a_tenth_and_reads_once_more():
    found = count(1e11, 100_000_000, max_shuffle_bytes=1e11, constants=ROUND)
    assert found.two_passes
    assert found.sent_bytes == pytest.approx(2e10)
    # 3 * 30 + 2 * 60 ns a context token, 2 * 20 + 20 ns a pair: 21,000 s and 6,000 s.
    assert found.core_hours == pytest.approx(27_000 / 3600)


def test_what_fits_one_chunk_shuffles_nothing():
    found = planned(4e9, "count.chunk_tokens=200_000_000")
    assert found.counting.n_chunks == 1
    assert found.counting.sent_bytes == 0
    (chunk,) = (one for one in found.advice if one.setting == "count.chunk_tokens")
    assert "nothing is shuffled" in chunk.reason


def advised(found: Plan) -> dict[str, str]:
    return {one.setting: one.value for one in found.advice}


def test_chunks_are_advised_to_fill_the_memory_of_a_core():
    one_pass = advised(planned(4e12, NO_LIMIT, core_bytes=4.28e9))
    assert one_pass["count.chunk_tokens"] == "200,000,000"
    assert one_pass["passes"] == "one"
    assert one_pass["spark.executor.memoryOverhead"] == "4.0 GiB a core"


def test_a_sketch_takes_its_bytes_from_the_chunk():
    # 6 language pairs of 16,000 * 16,000 nodes.
    found = planned(4e12, "count.max_shuffle_bytes=1_000_000_000", core_bytes=4.28e9)
    assert found.possible_pairs == pytest.approx(1.536e9)
    assert advised(found)["count.sketch_bytes"] == "1,600,000,000"
    assert advised(found)["count.chunk_tokens"] == "120,000,000"


@given(st.floats(1e6, 1e15), st.integers(1_000_000, 2**31 - 1))
def test_two_passes_are_chosen_where_one_would_shuffle_too_much(contexts, chunk):
    found = count(contexts, chunk, max_shuffle_bytes=1e11)
    assert found.two_passes == (found.shuffle_bytes > 1e11)
    assert found.sent_bytes <= found.shuffle_bytes
    assert (found.pairs > 0) == (contexts > chunk)


@given(st.floats(1e7, 1e15), st.floats(2e9, 1e11))
def test_advice_fits_the_memory_of_a_core(n_bytes, core_bytes):
    found = plan(n_bytes, 4, load_recipe(None), core_bytes)
    chunk = int(advised(found)["count.chunk_tokens"].replace(",", ""))
    sketch = float(advised(found).get("count.sketch_bytes", "0").replace(",", ""))
    assert chunk_bytes(chunk, sketch) <= core_bytes * (1 + 1e-9)


@given(st.floats(1e7, 1e14), st.floats(1, 10))
def test_more_text_never_costs_less(n_bytes, factor):
    recipe = load_recipe(None)
    less, more = plan(n_bytes, 4, recipe), plan(n_bytes * factor, 4, recipe)
    assert more.core_hours >= less.core_hours
    assert more.disk_bytes >= less.disk_bytes
    assert more.hours(64) >= less.hours(64) >= less.core_hours / 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100TB", 1e14), ("1.5 GiB", 1.5 * 2**30), ("2e12", 2e12), ("7 kB", 7e3), ("12B", 12.0)],
)
def test_sizes_are_read_with_their_units(text: str, expected: float):
    assert parse_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "much", "1.2.3GB", "5 XB", "-1TB"])
def test_an_invalid_size_is_named_in_the_error(text: str):
    with pytest.raises(ConfigError, match=re.escape(repr(text))):
        parse_bytes(text)


def test_packed_files_count_for_what_they_unpack_to():
    files = [("a.jsonl", 100), ("b.jsonl.GZ", 100), ("c.parquet", 10), ("d.warc.zst", 4)]
    assert text_bytes(files) == 100 + 2.5 * 114


def test_every_constant_names_a_page_that_exists():
    for name, known in Constants()._asdict().items():
        assert known.source == "assumed" or (ROOT / "docs" / known.source).exists(), name


@pytest.mark.parametrize("setting", ["nothing=1", "events=x", "events=0", "events=inf", "events"])
def test_a_constant_is_replaced_only_by_a_number_above_zero(setting: str):
    with pytest.raises(ConfigError, match=setting.partition("=")[0]):
        MEASURED.replaced([setting])


# ---- the command -----------------------------------------------------------------------------


def output_of(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["plan", *arguments], env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_the_page_shows_what_the_command_prints():
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    (command, shown) = re.search(
        r"```sh\npivotmine plan (.*)\n```\n\n```text\n(.*?)```", page, re.DOTALL
    ).groups()
    lines = [line.rstrip() for line in output_of(*command.split()).strip().splitlines()]
    assert lines == [line.rstrip() for line in shown.strip().splitlines()]


def test_files_of_the_recipe_are_listed_where_no_size_is_given(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"x" * 3000)
    (tmp_path / "b.jsonl").write_bytes(b"y" * 1000)
    inputs = f"ingest.inputs=[{{uris: ['{tmp_path}']}}]"
    given_size = output_of("--bytes", "4000", "--format", "json")
    assert output_of("--set", inputs, "--format", "json") == given_size
    rows = [json.loads(line) for line in given_size.splitlines()]
    assert [row["stage"] for row in rows][:3] == ["ingest", "train_tokenizer", "tokenize"]


def test_without_files_and_size_the_command_asks_for_them():
    with pytest.raises(ConfigError, match="--bytes"):
        output_of()


def test_constants_are_listed_with_their_sources():
    shown = output_of("--constants", "--constant", "mixed_share=0.02")
    (row,) = (line.split() for line in shown.splitlines() if line.startswith("mixed_share"))
    assert row[1] == "0.02"
    assert row[-1] == "given"
