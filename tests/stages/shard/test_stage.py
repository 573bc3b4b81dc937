"""Shard: files hold an arm in order, cut at the same places in every format."""

from __future__ import annotations

import io
import json
from itertools import accumulate, chain
from pathlib import Path

import numpy as np
import pytest
import zstandard

from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.shard import stage as shard
from tests.conftest import TableInputs, as_table
from tests.stages.stage_rows import tokens_row

EOS, VOCAB_SIZE, MAX_SHARD_TOKENS = 3, 100, 20
ARMS = {"small": 3, "large": 11}
"""Documents of each arm, of 1 to 11 tokens: 6 tokens and 66, so one shard and four."""

TOKENS = [tokens_row(f"doc{i:02}", ("en", [10 + i] * (i + 1))) for i in range(12)]
"""The last is in no arm."""

SELECTION = [
    {
        "arm": arm,
        "doc_id": TOKENS[i]["doc_id"],
        "position": n_docs - 1 - i,
        "n_tokens": TOKENS[i]["n_tokens"],
        "lang": "en",
        "reason": "random",
    }
    for arm, n_docs in ARMS.items()
    for i in range(n_docs)
]


def in_order(arm: str) -> list[int]:
    """Numbers of the documents of an arm, in the order of their positions: the reverse."""
    return list(range(ARMS[arm]))[::-1]


@pytest.fixture(scope="module", params=[False, True], ids=["in Spark", "here"])
def shards(
    spark, request, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], list[dict]]:
    """Rows of table `shards` by arm and format, in the order of the arm."""
    tables = {
        "tokens": TOKENS,
        "documents": [
            {"doc_id": row["doc_id"], "source": "here", "text": f"text of {row['doc_id']}"}
            for row in TOKENS
        ],
        "tokenizer": [{"vocab_size": VOCAB_SIZE, "eos_token_id": EOS}],
        "selection": SELECTION,
    }
    recipe = load_recipe(
        None,
        [
            "select.arms=[{name: small, method: random}, {name: large, method: random}]",
            f"shard.max_shard_tokens={MAX_SHARD_TOKENS}",
        ],
    )
    inputs = TableInputs(spark, tables, tmp_path_factory.mktemp("shard"))
    inputs.is_small = request.param
    rows = as_table(shard.run(inputs, recipe)["shards"]).sort_by("first_position").to_pylist()
    found: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        found.setdefault((row["arm"], row["format"]), []).append(row)
    return found


def test_an_arm_has_as_many_shards_as_its_tokens_need(shards):
    assert {key: len(rows) for key, rows in shards.items()} == {
        ("small", "npy"): 1,
        ("small", "jsonl"): 1,
        ("large", "npy"): 4,
        ("large", "jsonl"): 4,
    }


def test_shards_follow_one_another_and_hold_about_the_same_number_of_documents(shards):
    for (arm, _), rows in shards.items():
        sizes = [row["n_docs"] for row in rows]
        assert sum(sizes) == ARMS[arm]
        assert max(sizes) - min(sizes) <= 1
        assert [row["first_position"] for row in rows] == [0, *accumulate(sizes)][:-1]
        assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)


def test_all_formats_are_cut_at_the_same_places(shards):
    names = ("n_docs", "n_tokens", "first_position")
    for arm in ARMS:
        cuts = [[[row[n] for n in names] for row in shards[arm, f]] for f in ("npy", "jsonl")]
        assert cuts[0] == cuts[1]


@pytest.mark.parametrize("arm", ARMS)
def test_token_shards_end_to_end_are_the_arm(shards, arm):
    stored = [np.fromfile(row["path"], np.uint16) for row in shards[arm, "npy"]]
    expected = [[*TOKENS[i]["token_ids"], EOS] for i in in_order(arm)]
    assert np.concatenate(stored).tolist() == list(chain.from_iterable(expected))
    assert sum(row["n_tokens"] for row in shards[arm, "npy"]) == sum(
        TOKENS[i]["n_tokens"] for i in in_order(arm)
    )


@pytest.mark.parametrize("arm", ARMS)
def test_text_shards_end_to_end_are_the_arm(shards, arm):
    texts = []
    for row in shards[arm, "jsonl"]:
        with zstandard.open(Path(row["path"]), "rb") as stream:
            texts += [json.loads(line)["text"] for line in io.BytesIO(stream.read())]
    assert texts == [f"text of {TOKENS[i]['doc_id']}" for i in in_order(arm)]


def test_a_control_holds_the_same_segments_with_translations_taken_apart(spark, tmp_path: Path):
    """Documents of an English line, a French one and another English one; tokens name the line."""
    tokens, documents, selection = [], [], []
    for i in range(20):
        doc_id = f"doc{i:02}"
        lines = [("en", [i] * 3), ("fr", [20 + i] * (3 + i % 2)), ("en", [40 + i])]
        tokens.append(tokens_row(doc_id, *lines))
        text = "".join(f"{lang} {ids[0]}\n" for lang, ids in lines)
        documents.append({"doc_id": doc_id, "source": "here", "text": text})
        row = {"doc_id": doc_id, "position": i, "n_tokens": tokens[-1]["n_tokens"], "lang": "en"}
        selection += [{"arm": arm, **row} for arm in ("whole", "broken")]
    tables = {"tokens": tokens, "documents": documents, "selection": selection}
    tables["tokenizer"] = [{"vocab_size": VOCAB_SIZE, "eos_token_id": EOS}]
    arms = "{name: whole, method: random}, {name: broken, method: links_broken, reference: whole}"
    recipe = load_recipe(None, [f"select.arms=[{arms}]"])
    rows = shard.run(TableInputs(spark, tables, tmp_path), recipe)["shards"].toArrow().to_pylist()
    paths = {(row["arm"], row["format"]): row["path"] for row in rows}
    assert len({row["n_tokens"] for row in rows}) == 1

    with zstandard.open(Path(paths["broken", "jsonl"]), "rb") as stream:
        records = [json.loads(line) for line in io.BytesIO(stream.read())]
    lines = [record["text"].split() for record in records]
    assert [[line[1], line[5]] for line in lines] == [[str(i), str(40 + i)] for i in range(20)]
    french = [int(line[3]) for line in lines]
    assert sorted(french) == list(range(20, 40))
    assert all(there != 20 + i for i, there in enumerate(french))
    in_tokens = [[*[i] * 3, *[n] * (3 + n % 2), 40 + i, EOS] for i, n in enumerate(french)]
    stored = np.fromfile(paths["broken", "npy"], np.uint16).tolist()
    assert stored == list(chain.from_iterable(in_tokens))
    assert [record["n_tokens"] for record in records] == [len(ids) - 1 for ids in in_tokens]
