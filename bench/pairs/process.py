"""The stage in one process, without Spark: the same kernels on the same rows.

It says what each part of the stage contributes, and takes seconds where a session takes minutes.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from pivotmine.recipe import PairConfig
from pivotmine.stages.pair.candidates import KEYS, UNITS, Search, feature_counts, key_rows
from pivotmine.stages.pair.classes import WordLinks
from pivotmine.stages.pair.features import PackedDocument, pack, unpack
from pivotmine.stages.pair.feedback import (
    NO_RENAMES,
    Meetings,
    Renames,
    bead_features,
    best_partners,
    meetings,
    rename,
    strengths,
)
from pivotmine.stages.pair.known import known_features
from pivotmine.stages.pair.stage import MIN_OF_BEST
from pivotmine.stages.pair.verdict import Verdict, judge
from pivotmine.udfs.pair import bind_meet


class Pages(NamedTuple):
    """Documents that can be paired."""

    doc_id: list[str]
    language: np.ndarray  # type: ignore[type-arg]
    packed: list[bytes]


def pair_pages(
    pages: Pages, n_languages: int, settings: PairConfig, rounds: int
) -> list[pd.DataFrame]:
    """Judged candidates with their outcome, a frame a round."""
    renames, found = NO_RENAMES, []
    for _ in range(rounds):
        documents = []
        for packed, language in zip(pages.packed, pages.language, strict=True):
            document = unpack(packed)
            numbers = renames.apply(document.features, int(language))
            documents.append(document.renumbered(numbers))
        search = _search(pages, documents, n_languages, settings)
        judged, verdicts = _judge(
            pages, documents, search, _candidates(pages, documents, search, settings)
        )
        decided = decide(judged, settings)
        found.append(decided)
        renames = learn(pages, decided, verdicts, search, n_languages)
    return found


def _rows(pages: Pages, documents: list[PackedDocument]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "doc": np.arange(len(documents)),
            "lang": pages.language,
            "packed": pa.array([pack(*document) for document in documents], pa.binary()),
        }
    )


def _search(
    pages: Pages, documents: list[PackedDocument], n_languages: int, settings: PairConfig
) -> Search:
    counts = pa.table(feature_counts(_rows(pages, documents))).to_pandas()
    counts = counts[counts.groupby("feature")["lang"].transform("count") > 1]
    n_all = np.bincount(pages.language, minlength=n_languages).astype(np.int64)
    known = known_features(
        counts["feature"].to_numpy(), counts["lang"].to_numpy(), counts["n_docs"].to_numpy(), n_all
    )
    pairs = tuple(combinations(range(n_languages), 2))
    return Search(
        known, pairs, settings.rare_keys, settings.sampled_features, settings.max_bucket,
        settings.min_bits,
    )  # fmt: skip


def _candidates(
    pages: Pages, documents: list[PackedDocument], search: Search, settings: PairConfig
) -> pd.DataFrame:
    keys = pa.Table.from_batches(key_rows(_rows(pages, documents), search), KEYS)
    keys = keys.sort_by([("key", "ascending"), ("side", "ascending"), ("doc", "ascending")])
    meet = bind_meet(settings.max_bucket)
    met = pa.Table.from_batches(meet(iter(keys.combine_chunks().to_batches()))).to_pandas()
    met = met.groupby(["pair", "a", "b"], as_index=False).agg({"weight": "sum", "norms": "max"})
    met["estimated_overlap"] = np.minimum(met["weight"] / UNITS / met["norms"], 1.0)
    kept = np.zeros(len(met), bool)
    best = np.zeros(len(met))
    for side in "ab":
        of_side = met.groupby(["pair", side])["estimated_overlap"]
        kept |= (
            of_side.rank(method="first", ascending=False) <= settings.max_candidates
        ).to_numpy()
        best = np.maximum(best, of_side.transform("max").to_numpy())
    return met[kept & (met["estimated_overlap"] >= MIN_OF_BEST * best)]


def _judge(
    documents: list[PackedDocument], search: Search, candidates: pd.DataFrame
) -> tuple[pd.DataFrame, list[Verdict]]:
    verdicts = []
    weighted: dict[tuple[int, int], object] = {}
    for pair, a, b in candidates[["pair", "a", "b"]].itertuples(index=False):
        sides = []
        for document in (a, b):
            if (pair, document) not in weighted:
                features = documents[document].features
                weights = search.known.weights(features, *search.pairs[pair])
                weighted[pair, document] = documents[document].weighted(weights)
            sides.append(weighted[pair, document])
        verdicts.append(judge(*sides))
    judged = candidates.reset_index(drop=True)
    for name in ("overlap", "score", "aligned_a", "aligned_b"):
        judged[name] = [getattr(verdict, name) for verdict in verdicts]
    return judged, verdicts


def decide(judged: pd.DataFrame, settings: PairConfig) -> pd.DataFrame:
    """The columns `margin` and `outcome`."""
    judged = judged.copy()
    second = np.zeros(len(judged))
    best = np.ones(len(judged), bool)
    for side, other in (("a", "b"), ("b", "a")):
        order = judged.sort_values(["score", other], ascending=[False, True])
        groups = order.groupby(["pair", side])
        best &= (groups.cumcount() == 0).reindex(judged.index).to_numpy()
        following = groups["score"].shift(-1).fillna(0.0).reindex(judged.index).to_numpy()
        second = np.maximum(second, following)
    score = judged["score"].to_numpy()
    judged["margin"] = np.where(score > 0, 1 - second / np.maximum(score, 1e-12), 0.0)
    judged["outcome"] = np.select(
        [score < settings.min_score, ~best, judged["margin"] < settings.min_margin],
        ["weak", "rival", "ambiguous"],
        "paired",
    )
    return judged


def learn(
    pages: Pages, decided: pd.DataFrame, verdicts: list[Verdict], search: Search, n_languages: int
) -> Renames:
    """Features that mean the same, from the aligned segments of the pairs, under one number."""
    original = [unpack(packed) for packed in pages.packed]
    links, language_a, language_b = [], [], []
    for pair, (lang_a, lang_b) in enumerate(search.pairs):
        rows = decided.index[(decided["outcome"] == "paired") & (decided["pair"] == pair)]
        met: list[tuple[np.ndarray, np.ndarray]] = []  # type: ignore[type-arg]
        held: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])  # type: ignore[type-arg]
        n = 0
        for row in rows:
            a, b = original[decided.at[row, "a"]], original[decided.at[row, "b"]]
            beads = verdicts[row].beads.in_document(a.places, b.places)
            met.append(meetings(a, b, beads))
            for side, document, first, size in (
                (0, a, beads.a, beads.n_a),
                (1, b, beads.b, beads.n_b),
            ):
                held[side].append(bead_features(document, first, size)[1])
            n += len(beads.a)
        if not met:
            continue
        one, other = (
            np.concatenate([pair_[side] for pair_ in met]).astype(np.int64) for side in (0, 1)
        )
        both, n_ab = np.unique(one << 32 | other, return_counts=True)
        found = Meetings((both >> 32).astype(np.int32), (both & 0x7FFFFFFF).astype(np.int32), n_ab)
        margins = []
        for side, features in zip(held, (found.a, found.b), strict=True):
            values, counts = np.unique(np.concatenate(side), return_counts=True)
            margins.append(counts[np.searchsorted(values, features)])
        best = best_partners(found, *margins, n)
        strength = strengths(found, *margins, n)[best]
        links.append(WordLinks(found.a[best], found.b[best], strength))
        language_a.append(np.full(len(best), lang_a))
        language_b.append(np.full(len(best), lang_b))
    if not links:
        return NO_RENAMES
    joined = WordLinks(*(np.concatenate(parts) for parts in zip(*links, strict=True)))
    return rename(np.concatenate(language_a), np.concatenate(language_b), joined, n_languages)
