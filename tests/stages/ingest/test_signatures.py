"""Kept signatures equal those of signing all documents again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.lake.tables import SIGNATURES
from pivotmine.recipe import DedupConfig
from pivotmine.stages.ingest.shingles import find_words, hash_lines
from pivotmine.udfs import ingest
from pivotmine.udfs.ingest import IDS, bind_outdated, bind_sign

LINES = ("red blue green", "one two three four", "Home menu", "", "x", "RED, blue green!")
texts = st.lists(st.lists(st.sampled_from(LINES), max_size=7).map("\n".join), max_size=6)
SETTINGS = DedupConfig(permutations=16, shingle_words=2, min_shingles=3)
commons = st.sets(st.sampled_from(LINES))


def hashes(of: set[str]) -> np.ndarray:
    return np.unique(hash_lines(find_words(sorted(of))))


def signed(documents: list[str], common: set[str]) -> dict[str, dict]:
    ids = [f"d{n}" for n in range(len(documents))]
    batch = pa.record_batch({"doc_id": pa.array(ids), "text": pa.array(documents, pa.string())})
    rows = bind_sign(hashes(common), SETTINGS)(iter([batch]))
    return {row["doc_id"]: row for made in rows for row in made.to_pylist()}


@settings(max_examples=30)
@given(texts, commons, commons)
def test_a_signature_is_outdated_just_when_its_common_lines_have_changed(
    documents: list[str], before: set[str], today: set[str]
):
    kept, anew = signed(documents, before), signed(documents, today)
    table = pa.Table.from_pylist(list(kept.values()), SIGNATURES.schema)
    found = list(bind_outdated(hashes(today))(iter(table.to_batches())))
    outdated = pa.Table.from_batches(found, IDS)["doc_id"].to_pylist()
    assert {**kept, **{name: anew[name] for name in outdated}} == anew

    def left_out(text: str, common: set[str]) -> set[int]:
        return set(hashes(set(text.split("\n"))).tolist()) & set(hashes(common).tolist())

    moved = [
        n for n, text in enumerate(documents) if left_out(text, before) != left_out(text, today)
    ]
    assert outdated == [f"d{n}" for n in moved], "and no others"


@given(texts)
def test_the_lines_counted_are_the_lines_kept_with_signatures(documents: list[str]):
    batch = pa.record_batch({"text": pa.array(documents, pa.string())})
    counted = Counter(
        n for found in ingest.hash_lines(iter([batch])) for n in found.column(0).to_pylist()
    )
    assert counted == Counter(n for row in signed(documents, set()).values() for n in row["lines"])
    words = [
        {line.lower().strip("!").replace(",", "") for line in t.split("\n")} for t in documents
    ]
    assert sorted(counted.values()) == sorted(Counter(w for t in words for w in t if w).values())
