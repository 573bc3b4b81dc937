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
    EITHER,
    NO_RENAMES,
    Renames,
    meetings,
    rename,
    strengths,
)
from pivotmine.stages.pair.known import known_features
from pivotmine.stages.pair.rounds import MIN_OF_BEST
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
        candidates = _candidates(pages, documents, search, settings)
        judged, verdicts = _judge(documents, search, candidates)
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


def search_of(pages: Pages, n_languages: int, settings: PairConfig) -> Search:
    """What pages are compared by before anything is learnt."""
    return _search(pages, [unpack(packed) for packed in pages.packed], n_languages, settings)


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
    links = []
    for pair in range(len(search.pairs)):
        rows = decided.index[(decided["outcome"] == "paired") & (decided["pair"] == pair)]
        met = []
        for row in rows:
            a, b = original[decided.at[row, "a"]], original[decided.at[row, "b"]]
            met.append(meetings(a, b, verdicts[row].beads.in_document(a.places, b.places)))
        if met:
            links.append(_links_of(met).assign(pair=pair))
    if not links:
        return NO_RENAMES
    found = pd.concat(links)
    sides = np.array(search.pairs)[found["pair"]]
    joined = WordLinks(*(found[name].to_numpy() for name in ("a", "b", "strength")))
    return rename(sides[:, 0], sides[:, 1], joined, n_languages)


def _links_of(met: list[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:  # type: ignore[type-arg]
    """Features of a language pair that are each other's best partner."""
    a, b = (np.concatenate(side).astype(np.int64) for side in zip(*met, strict=True))
    both, n = np.unique((a + 1) << 32 | (b + 1), return_counts=True)
    counts = pd.DataFrame({"a": (both >> 32) - 1, "b": (both & 0xFFFFFFFF) - 1, "n_ab": n})
    total = counts[(counts["a"] == EITHER) & (counts["b"] == EITHER)]["n_ab"].sum()
    of_a = counts[counts["b"] == EITHER].set_index("a")["n_ab"]
    of_b = counts[counts["a"] == EITHER].set_index("b")["n_ab"]
    found = counts[(counts["a"] != EITHER) & (counts["b"] != EITHER)].reset_index(drop=True)
    margins = (found["a"].map(of_a), found["b"].map(of_b), np.full(len(found), total))
    columns = (found["n_ab"], *margins)
    found["strength"] = strengths(*(np.asarray(column, np.int64) for column in columns))
    found = found[found["strength"] > 0].assign(differ=found["a"] != found["b"])
    for side, other in (("a", "b"), ("b", "a")):
        ranked = found.sort_values(["strength", "differ", other], ascending=[False, True, True])
        found[f"place_{side}"] = ranked.groupby(side).cumcount()
    best = found[(found["place_a"] == 0) & (found["place_b"] == 0)]
    return best.astype({"a": np.int32, "b": np.int32})
