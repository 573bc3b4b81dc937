"""The audit finds every broken promise, and nothing in a sound lake."""

from __future__ import annotations

import copy
import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import zstandard

from pivotmine.keep.audit import audit
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TABLES
from pivotmine.stages.shard.formats import TEXT_FORMATS, write_shard
from pivotmine.stages.shard.writer import ShardDocument, TokenFormat
from tests.handmade import Row, cli, make_lake, put, settings

Tables = dict[str, list[Row]]

RECORDS = "records read = documents + rejects + duplicates"
IDS = "every document id is there once"
KEPT = "every duplicate names a kept document"
TOKENISED = "every document has its tokens"
OCCURRENCES = "occurrences in the vocabulary = tokens of the documents"
PAIRS = "pair counts = sum of their folds, and within their margins"
LISTED = "rows of lexicons = listings in term_counts + rejects"
TERMS = "term counts are within those of their words, their languages and all text"
SCORED = "every document has a score by every method"
SELECTED = "every selected document is a tokenised one, once an epoch of an arm"
POSITIONS = "positions of every arm count from 0 without a gap"
SHARD_DOCUMENTS = "shards hold the documents of the selection"
SHARD_TOKENS = "shards hold the tokens of the selection"
CHECKSUMS = "shard files have their checksums"
FILES = "shard files hold the selected documents in order"

DOCUMENTS = ("a", "b", "c")
ARMS = {"random": ("a", "c"), "links": ("b",)}
SOURCE = 'one, "two"; three\r\nfour\u2028five 猫 100 %'
TOKENS = {"a": [1, 2, 3], "b": [2], "c": [3, 4]}


def write_shards(folder: Path) -> list[Row]:
    """A file an arm and format, and its row in `shards`."""
    rows = []
    for arm, documents in ARMS.items():
        for name in ("jsonl", "npy", "megatron", "parquet"):
            kind = "text" if name in TEXT_FORMATS else "tokens"
            placed = [
                ShardDocument(d, SOURCE, n, "fr", len(TOKENS[d]), np.array(TOKENS[d], "i4"), "t")
                for n, d in enumerate(documents)
            ]
            shard = write_shard(name, f"{folder}/{arm}/{kind}-0", TokenFormat(9, None), placed)
            row = {**shard._asdict(), "path": f"file://{shard.path}"}
            rows.append({"arm": arm, "format": name, **row})
    return rows


def term_row(n_listed: int, n: int, n_word: int | None) -> Row:
    """A row of `term_counts`: a word in n contexts, or a pair of words that are in n_word."""
    row: Row = {"n_listed": n_listed, "lang_b": n_word and "fr"}
    for contexts in ("n_docs", "n_windows"):
        words = {f"{contexts}{kind}_{side}": n_word for kind in ("", "_in_lang") for side in "ab"}
        totals = {f"{contexts}_total": 9, f"{contexts}_in_lang_total": 5}
        row |= words | totals | {contexts: n, f"{contexts}_in_lang": n - 1}
    return row


def sound_tables(shards: list[Row]) -> Tables:
    return {
        "inputs": [{"uri": "x", "n_records": 3}, {"uri": "y", "n_records": 2}],
        "documents": [{"doc_id": d} for d in DOCUMENTS],
        "rejects": [{"uri": "x", "reason": "invalid_json"}],
        "duplicates": [{"doc_id": "a", "kept_doc_id": "a"}],
        "tokens": [{"doc_id": d, "token_ids": t, "n_tokens": len(t)} for d, t in TOKENS.items()],
        "vocabulary": [
            {"token_id": t, "token_count": n} for t, n in ((0, 0), (1, 1), (2, 2), (3, 2), (4, 1))
        ],
        "counts": [
            {"a": 1, "b": b, "n_ab": 3, "n_a": 4, "n_b": 5, "n_contexts": 6, "fold_counts": [1, 2]}
            for b in (2, 3)
        ],
        "lexicons": [{"uri": "words.tsv", "n_rows": 3}],
        "lexicon_rejects": [{"uri": "words.tsv", "reason": "no_word"}],
        "term_counts": [term_row(1, 3, None), term_row(1, 2, 4)],
        "scores": [{"doc_id": d, "method": m} for d in DOCUMENTS for m in ("he2025", "links")],
        "selection": [
            {"arm": arm, "doc_id": d, "position": position, "n_tokens": len(TOKENS[d])}
            for arm, documents in ARMS.items()
            for position, d in enumerate(documents)
        ],
        "shards": shards,
    }


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Tables]:
    folder = tmp_path_factory.mktemp("audit")
    tables = sound_tables(write_shards(folder / "shards"))
    return make_lake(folder / "lake", **tables), tables


def failed(lake: Lake, connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {finding.check for finding in audit(lake, connection) if not finding.holds}


def after(sound: tuple[Lake, Tables], change: Callable[[Tables], Any]) -> set[str]:
    """Checks that fail when the tables are changed behind the lake's back."""
    lake, tables = sound
    changed = copy.deepcopy(tables)
    change(changed)
    connection = connect(lake)
    for name in tables:
        if changed[name] != tables[name]:
            connection.execute(f"DROP VIEW {name}")
            connection.register(name, pa.Table.from_pylist(changed[name], TABLES[name].schema))
    return failed(lake, connection)


def test_a_sound_lake_passes_every_check(sound):
    lake, _ = sound
    findings = list(audit(lake, connect(lake)))
    assert [finding for finding in findings if not finding.holds] == []
    assert [finding.check for finding in findings] == [
        *(RECORDS, IDS, KEPT, TOKENISED, OCCURRENCES, PAIRS, LISTED, TERMS),
        *(SCORED, SELECTED, POSITIONS),
        *(SHARD_DOCUMENTS, SHARD_TOKENS, CHECKSUMS, FILES),
    ]
    assert findings[0].figures == "5 = 5"


BROKEN: dict[str, tuple[Callable[[Tables], Any], set[str]]] = {
    "a document is gone": (
        lambda t: t["documents"].remove({"doc_id": "c"}),
        {RECORDS, TOKENISED},
    ),
    "a document nobody read": (
        lambda t: t["documents"].append({"doc_id": "z"}),
        {RECORDS, TOKENISED},
    ),
    "a reject is gone": (lambda t: t["rejects"].clear(), {RECORDS}),
    "a duplicate is gone": (lambda t: t["duplicates"].clear(), {RECORDS}),
    "a piece was read twice": (lambda t: t["inputs"].append(t["inputs"][0]), {RECORDS}),
    "a document id is there twice": (
        lambda t: t.update(documents=[{"doc_id": d} for d in "aab"]),
        {IDS, TOKENISED},
    ),
    "a duplicate of nothing": (lambda t: t["duplicates"][0].update(kept_doc_id="z"), {KEPT}),
    "a document without tokens": (
        lambda t: t["tokens"].pop(1),
        {TOKENISED, OCCURRENCES, SCORED, SELECTED},
    ),
    "tokens of no document": (
        lambda t: t["tokens"].append({"doc_id": "z", "token_ids": [], "n_tokens": 0}),
        {TOKENISED, SCORED},
    ),
    "tokens twice in place of another's": (
        lambda t: t["tokens"][1].update(doc_id="a"),
        {TOKENISED, SCORED, SELECTED},
    ),
    "a length that differs from its list": (
        lambda t: t["tokens"][0].update(token_ids=[1, 2]),
        {TOKENISED},
    ),
    "an occurrence the vocabulary missed": (
        lambda t: t["vocabulary"][1].update(token_count=0),
        {OCCURRENCES},
    ),
    "a fold that was lost": (lambda t: t["counts"][0].update(fold_counts=[1]), {PAIRS}),
    "a pair more frequent than a token of it": (
        lambda t: t["counts"][1].update(n_a=2),
        {PAIRS},
    ),
    "a token in more contexts than there are": (
        lambda t: t["counts"][1].update(n_contexts=4),
        {PAIRS},
    ),
    "a listed word is gone": (lambda t: t["term_counts"].pop(), {LISTED}),
    "a refused row of a lexicon is gone": (lambda t: t["lexicon_rejects"].clear(), {LISTED}),
    "a pair of words more frequent than one of them": (
        lambda t: t["term_counts"][1].update(n_windows_b=1),
        {TERMS},
    ),
    "a word in more documents than windows": (
        lambda t: t["term_counts"][0].update(n_docs=4),
        {TERMS},
    ),
    "a pair of words that share documents but no window": (
        lambda t: t["term_counts"][1].update(n_windows=0, n_windows_in_lang=0),
        set(),
    ),
    "a word more frequent in its language than in all text": (
        lambda t: t["term_counts"][0].update(n_docs_in_lang=4),
        {TERMS},
    ),
    "a score is gone": (lambda t: t["scores"].pop(), {SCORED}),
    "a score twice in place of another's": (
        lambda t: t["scores"][0].update(doc_id="b"),
        {SCORED},
    ),
    "a score of no document": (
        lambda t: t["scores"].append({"doc_id": "z", "method": "links"}),
        {SCORED},
    ),
    "a selected document that was never tokenised": (
        lambda t: t["selection"][0].update(doc_id="z"),
        {SELECTED, FILES},
    ),
    "a selected document of another length": (
        lambda t: t["selection"][0].update(n_tokens=1),
        {SELECTED, SHARD_TOKENS},
    ),
    "a document twice in an arm": (
        lambda t: t["selection"][1].update(doc_id="a", n_tokens=3),
        {SELECTED, SHARD_TOKENS, FILES},
    ),
    "a gap in the positions": (
        lambda t: t["selection"][1].update(position=2),
        {POSITIONS, FILES},
    ),
    "positions that begin at 1": (
        lambda t: t["selection"][2].update(position=1),
        {POSITIONS, FILES},
    ),
    "a position twice": (lambda t: t["selection"][1].update(position=0), {POSITIONS, FILES}),
    "a selected document in no shard": (
        lambda t: t["shards"][0].update(n_docs=1),
        {SHARD_DOCUMENTS, FILES},
    ),
    "tokens in no shard": (lambda t: t["shards"][1].update(n_tokens=1), {SHARD_TOKENS}),
    "a shard that is listed twice": (
        lambda t: t["shards"].append(t["shards"][0]),
        {SHARD_DOCUMENTS, SHARD_TOKENS},
    ),
    "a shard that stands elsewhere": (
        lambda t: t["shards"][0].update(first_position=1),
        {FILES},
    ),
    "another checksum": (lambda t: t["shards"][0].update(checksum="00"), {CHECKSUMS}),
    "a file that is gone": (
        lambda t: t["shards"][0].update(path=t["shards"][0]["path"] + ".gone"),
        {CHECKSUMS, FILES},
    ),
}


@pytest.mark.parametrize(("change", "checks"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_promise_is_found(sound, change: Callable[[Tables], Any], checks: set[str]):
    assert after(sound, change) == checks


def lines_reversed(content: bytes) -> bytes:
    return b"".join(reversed(content.splitlines(keepends=True)))


def inside_zstd(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda b: zstandard.compress(
        change(zstandard.ZstdDecompressor().decompressobj().decompress(b))
    )


DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes], set[str]]] = {
    "a flipped bit": ("tokens-0.npy", lambda b: bytes([b[0] ^ 1]) + b[1:], {CHECKSUMS}),
    "documents in another order": (
        "text-0.jsonl.zst",
        inside_zstd(lines_reversed),
        {CHECKSUMS, FILES},
    ),
    "one document more": (
        "text-0.jsonl.zst",
        inside_zstd(lambda b: b + b'{"id": "z", "text": "t"}\n'),
        {CHECKSUMS, FILES},
    ),
    "a file cut short": ("text-0.jsonl.zst", lambda b: b[:-9], {CHECKSUMS, FILES}),
    "an empty file": ("text-0.jsonl.zst", lambda b: b"", {CHECKSUMS, FILES}),
    "boundaries of other documents": (
        "tokens-0.csv.gz",
        lambda b: gzip.compress(lines_reversed(gzip.decompress(b))),
        {FILES},
    ),
    "boundaries of other documents, beside Megatron's index": (
        "tokens-0.bin.csv.gz",
        lambda b: gzip.compress(lines_reversed(gzip.decompress(b))),
        {FILES},
    ),
    "boundaries that are no gzip": ("tokens-0.csv.gz", lambda b: b"damaged", {FILES}),
}


@pytest.mark.parametrize(("name", "damage", "checks"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_shard_is_found(sound, name: str, damage: Callable[[bytes], bytes], checks):
    lake, tables = sound
    folder = Path(tables["shards"][0]["path"].removeprefix("file://")).parent
    path = folder / name
    original = path.read_bytes()
    try:
        path.write_bytes(damage(original))
        assert failed(lake, connect(lake)) == checks
    finally:
        path.write_bytes(original)


def test_tables_without_rows_keep_every_promise(tmp_path: Path):
    empty: Tables = {name: [] for name in sound_tables([])}
    lake = make_lake(tmp_path / "lake", **empty)
    assert failed(lake, connect(lake)) == set()


def test_only_what_is_committed_is_audited(tmp_path: Path):
    lake = make_lake(tmp_path / "lake", documents=[{"doc_id": "a"}])
    assert [finding.check for finding in audit(lake, connect(lake))] == [IDS]


def test_the_command_fails_when_a_promise_is_broken(tmp_path: Path):
    lake = make_lake(tmp_path / "lake", documents=[{"doc_id": "a"}])
    assert cli("audit", *settings(lake)).status == 0
    put(lake, documents=[{"doc_id": "a"}, {"doc_id": "a"}])
    page = tmp_path / "pages" / "audit.html"
    status, out, _ = cli("audit", *settings(lake), "--html", str(page))
    assert status == 1
    assert f"\nFAIL {IDS}: 2 and 1\n" in out
    text = page.read_text(encoding="utf-8")
    failing = re.findall(r"<tr><td>([^<]*)</td><td><span class=\"contradicted\">fails", text)
    assert failing == [IDS]


def test_the_command_takes_no_empty_lake_for_a_sound_one(tmp_path: Path):
    status, out, err = cli("audit", "--set", f"lake.warehouse={tmp_path / 'mistyped'}")
    assert (status, out) == (2, "")
    assert f"nothing is committed in file://{tmp_path}/mistyped" in err
