"""Scores, behaviours and counts of the same words, joined into one panel a direction.

Every word stays in the table. A word that lacks a value has the reason in `left_out`, and reasons
are counted in the panel's tally. A word that was counted but never found is not missing: its count
is 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from pivotmine.errors import InputError
from pivotmine.model.attribution.counts import CONTEXTS, ContingencyTable, Counts
from pivotmine.model.attribution.resample import Array, Places
from pivotmine.model.config.measuring import AttributionConfig
from pivotmine.model.results import Run
from pivotmine.model.words.dataset import Concept, Direction, WordSet, pivot_of

PREDICTORS = ("cooccurrence", "pivot_path", "pmi", "source_frequency", "target_frequency")
_HALF = 0.5
"""Added to every count of a PMI, so that pairs that never meet have one."""


@dataclass(frozen=True)
class Panel:
    """The words of one direction that have counts, in the order of their ids."""

    direction: Direction
    pivot: str
    """Language of the candidate pivot; empty if the word set has only two languages."""
    concept: Places
    """[words] number of the concept in the word set."""
    score: Array
    """[words], NaN if a word has no score."""
    outcomes: Mapping[str, Array]
    """`correct`, `direct (sound)`, ... -> [words] 1, 0, or NaN."""
    predictors: Mapping[str, Mapping[str, Array]]
    """Context -> predictor -> [words], natural logs of 1 + count (PMI: nats)."""
    tally: Mapping[str, int] = field(default_factory=dict)
    """Number of words asked, analysed, and left out or incomplete by reason."""


def join(
    words: WordSet, counts: Counts, scores: Run | None, lens: Run | None, config: AttributionConfig
) -> tuple[list[Panel], list[dict[str, Any]]]:
    """Panels, and a row for every word of every direction, including those left out.

    Raises
    ------
    InputError
        There is neither a score run nor a lens run, or they are of other words or models.
    """
    _require_one_study(words, scores, lens)
    place = {concept.id: number for number, concept in enumerate(words.concepts)}
    measured: dict[str, dict[str, dict[str, Any]]] = {}
    for run, kind in ((scores, "score"), (lens, "trace")):
        for row in run.words.to_pylist() if run else ():
            if row["concept"] not in place:
                raise InputError(f"concept {row['concept']!r} is not in the word set")
            measured.setdefault(row["direction"], {}).setdefault(row["concept"], {})[kind] = row
    panels, rows = [], []
    for name, found in sorted(measured.items()):
        source, _, target = name.partition("-")
        direction = Direction(source, target)
        pivot = pivot_of(direction, words.languages) if len(words.languages) > 2 else ""
        own = [
            _row(words.concepts[place[concept]], direction, pivot, counts, found[concept], config)
            for concept in sorted(found)
        ]
        rows += own
        panels.append(_panel(direction, pivot, own, place, config))
    return panels, rows


def attributed(config: AttributionConfig) -> pa.Schema:
    """The schema of `attributed-<key>.parquet`: a word of a direction, and its counts."""
    texts, numbers = pa.string(), pa.float64()
    return pa.schema(
        [
            *((name, texts) for name in ("direction", "concept", "source", "target", "form")),
            *((name, numbers) for name in ("score", "accuracy")),
            *((rule, texts) for rule in config.rules),
            ("left_out", texts),
            *(
                (f"{context}_{name}", kind)
                for context in CONTEXTS
                for name, kind in (
                    *((name, pa.int64()) for name in ("source", "target", "together")),
                    ("pmi", numbers),
                    ("pivot", texts),
                    ("path", pa.int64()),
                )
            ),
        ]
    )


def _require_one_study(words: WordSet, scores: Run | None, lens: Run | None) -> None:
    runs = [run for run in (scores, lens) if run]
    if not runs:
        raise InputError("nothing to attribute: give a score run, a lens run, or both")
    for run in runs:
        if run.summary["words"]["version"] != words.version:
            raise InputError(
                f"{run.path.name} was measured on word set {run.summary['words']['version'][:12]}, "
                f"and this one is {words.version[:12]}"
            )
    models = {run.summary["model"]["version"] for run in runs}
    if len(models) > 1:
        raise InputError(f"scores and lens are of different models: {', '.join(sorted(models))}")


def _row(
    concept: Concept,
    direction: Direction,
    pivot: str,
    counts: Counts,
    measured: Mapping[str, Mapping[str, Any]],
    config: AttributionConfig,
) -> dict[str, Any]:
    """The row of one word of one direction: measured values, counts, and why it is left out."""
    source, target = ((lang, concept.words[lang]) for lang in direction)
    score, trace = measured.get("score", {}), measured.get("trace", {})
    row: dict[str, Any] = {
        "direction": str(direction),
        "concept": concept.id,
        "source": source[1],
        "target": target[1],
        "form": concept.kind(*direction),
        "score": score.get(config.score),
        "accuracy": score.get(config.accuracy),
        **{rule: trace.get(rule) for rule in config.rules},
        "left_out": "",
    }
    of_source, of_target = counts.word(*source), counts.word(*target)
    together = counts.pair(source, target)
    if row["form"] not in config.forms:
        row["left_out"] = f"{row['form']} form"
    elif of_source is None:
        row["left_out"] = "source word not counted"
    elif of_target is None:
        row["left_out"] = "target word not counted"
    elif together is None:
        row["left_out"] = "pair not counted"
    for context in CONTEXTS:
        word, path = _best_way(source, target, pivot, counts, context)
        table = together[context] if together else None
        row |= {
            f"{context}_source": of_source[context] if of_source else None,
            f"{context}_target": of_target[context] if of_target else None,
            f"{context}_together": table.n_ab if table else None,
            f"{context}_pmi": _pmi(table) if table else None,
            f"{context}_pivot": word,
            f"{context}_path": path,
        }
    return row


def _best_way(
    source: tuple[str, str], target: tuple[str, str], pivot: str, counts: Counts, context: str
) -> tuple[str | None, int | None]:
    """The best word of the pivot language, and its count.

    The count of a word is the smaller of its two co-occurrence counts with the ends.
    """
    if not pivot:
        return None, None
    ways = []
    for word in counts.partners(*source, pivot) & counts.partners(*target, pivot):
        there, on = counts.pair(source, (pivot, word)), counts.pair((pivot, word), target)
        if there and on:
            ways.append((-min(there[context].n_ab, on[context].n_ab), word))
    if not ways:
        return None, None
    count, word = min(ways)
    return word, -count


def _pmi(table: ContingencyTable) -> float:
    """Pointwise mutual information, nats, of counts with one half added."""
    n_ab, n_a, n_b, n = (value + _HALF for value in table)
    return float(np.log(n_ab) + np.log(n) - np.log(n_a) - np.log(n_b))


def _panel(
    direction: Direction,
    pivot: str,
    rows: Sequence[Mapping[str, Any]],
    place: Mapping[str, int],
    config: AttributionConfig,
) -> Panel:
    kept = [row for row in rows if not row["left_out"]]

    def column(name: str) -> Array:
        return np.array([np.nan if row[name] is None else row[name] for row in kept], float)

    accuracy = column("accuracy")
    outcomes = {"correct": np.where(np.isnan(accuracy), np.nan, (accuracy >= 0.5) * 1.0)}
    for rule in config.rules:
        labels = {"direct": 1.0, "pivot": 0.0}
        outcomes[f"direct ({rule})"] = np.array(
            [labels.get(row[rule] or "", np.nan) for row in kept]
        )
    predictors = {
        context: {
            "cooccurrence": np.log1p(column(f"{context}_together")),
            "pivot_path": np.log1p(column(f"{context}_path")),
            "pmi": column(f"{context}_pmi"),
            "source_frequency": np.log1p(column(f"{context}_source")),
            "target_frequency": np.log1p(column(f"{context}_target")),
        }
        for context in CONTEXTS
    }
    score = column("score")
    tally: Counter[str] = Counter({"asked": len(rows), "analysed": len(kept)})
    tally.update(f"left out: {row['left_out']}" for row in rows if row["left_out"])
    tally["no finite score"] = int((~np.isfinite(score)).sum())
    tally["way over a pivot not counted"] = int(np.isnan(column("docs_path")).sum())
    for name in ("source", "target", "together"):
        tally[f"never found: {name}"] = int((column(f"{config.context}_{name}") == 0).sum())
    for name, values in outcomes.items():
        known = values[~np.isnan(values)]
        tally[f"{name}: yes"], tally[f"{name}: no"] = int(known.sum()), int((1 - known).sum())
    return Panel(
        direction,
        pivot,
        np.array([place[row["concept"]] for row in kept], np.int64),
        np.where(np.isfinite(score), score, np.nan),
        outcomes,
        predictors,
        dict(tally),
    )
