"""The whole attribution: panels, statistics by direction and on average, fits, contrasts, words.

Contrasts are declared here, before any number is seen. The primary family is tested on the average
over directions, the secondary family in every direction. Holm's adjustment is within a family. The
other numbers of the summary are descriptive and have no adjusted p-value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pivotmine import __version__
from pivotmine.model.attribution.counts import CONTEXTS, Counts
from pivotmine.model.attribution.fit import MODELS, Sample, fits, fold_of
from pivotmine.model.attribution.join import Panel, attributed, join
from pivotmine.model.attribution.measures import Name, mean_over_directions, measure, stats
from pivotmine.model.attribution.resample import ConceptResamples, Places, Stat
from pivotmine.model.attribution.verdict import verdict
from pivotmine.model.config.measuring import AttributionConfig
from pivotmine.model.results import Run, key, write_json, write_table
from pivotmine.model.statistics.verdict import holm
from pivotmine.model.words.dataset import WordSet

ALL = "all"
"""The average over directions."""


def attribute(
    words: WordSet,
    counts: Counts,
    scores: Run | None,
    lens: Run | None,
    config: AttributionConfig,
    out: Path,
) -> dict[str, Any]:
    """Attribute; returns the summary that is also written to `attribution-<key>.json`.

    `attributed-<key>.parquet` in `out` has a row for every word of every direction.

    Raises
    ------
    InputError
        The runs do not belong to this word set, or to one model.
    """
    panels, rows = join(words, counts, scores, lens, config)
    summary = {
        **_inputs(words, counts, scores, lens, config),
        "coverage": {str(panel.direction): dict(panel.tally) for panel in panels},
        "pivots": {str(panel.direction): panel.pivot for panel in panels},
        **_statistics(words, panels, config),
    }
    summary["verdict"] = verdict(summary)
    run_key = key(
        {
            "pivotmine": __version__,
            "runs": summary["runs"],
            "settings": summary["settings"],
            "words": words.version,
            "counts": summary["counts"],
        }
    )
    write_table(
        out / f"attributed-{run_key}.parquet", pa.Table.from_pylist(rows, schema=attributed(config))
    )
    write_json(out / f"attribution-{run_key}.json", summary)
    return summary


def declared(config: AttributionConfig) -> dict[str, Name]:
    """The contrasts: claim -> name of a measure, or (`fit`, context, gain)."""
    context = config.context
    behaviour = f"direct ({config.rules[0]})" if config.rules else ""
    claim = "score rises with co-occurrence, frequencies held fixed"
    found: dict[str, Name] = {claim: ("spearman", context, "cooccurrence, given frequencies")}
    for outcome, what in (("correct", "correct words"), (behaviour, "direct words")):
        for other in ("source_frequency", "target_frequency") if outcome else ():
            claim = f"co-occurrence tells {what} better than {other.replace('_', ' ')}"
            found[claim] = ("auc", outcome, context, f"cooccurrence less {other}")
    claim = "co-occurrence predicts new words' scores beyond frequencies"
    found[claim] = ("fit", context, "co-occurrence beyond frequencies")
    claim = "the pivot path predicts new words' scores beyond co-occurrence"
    found[claim] = ("fit", context, "both beyond co-occurrence")
    return found


def _inputs(
    words: WordSet, counts: Counts, scores: Run | None, lens: Run | None, config: AttributionConfig
) -> dict[str, Any]:
    """What the attribution is made from."""
    runs = {name: run for name, run in (("scores", scores), ("lens", lens)) if run}
    return {
        "model": next(iter(runs.values())).summary["model"],
        "words": {"version": words.version},
        "counts": {
            "source": counts.source,
            "n_words": counts.n_words,
            "n_pairs": counts.n_pairs,
            "contexts": counts.totals,
        },
        "runs": {name: run.path.name for name, run in runs.items()},
        "settings": config.model_dump(mode="json"),
    }


def _statistics(
    words: WordSet, panels: Sequence[Panel], config: AttributionConfig
) -> dict[str, Any]:
    """AUCs, rank correlations, fits and contrasts, of every direction and on average."""
    resamples = ConceptResamples(len(words.concepts), config.n_resamples, config.seed)
    folds = np.array([fold_of(concept.id, config.n_folds) for concept in words.concepts])
    measures = {str(panel.direction): measure(panel, config, resamples) for panel in panels}
    measures[ALL] = mean_over_directions(list(measures.values()))
    known = {scope: stats(found) for scope, found in measures.items()}
    scopes = {**{str(panel.direction): [panel] for panel in panels}, ALL: panels}
    fitted = {
        scope: {context: _fits(chosen, context, folds, resamples) for context in CONTEXTS}
        for scope, chosen in scopes.items()
    }
    return {
        "auc": {scope: _nested(found, "auc") for scope, found in known.items()},
        "spearman": {scope: _nested(found, "spearman") for scope, found in known.items()},
        "fit": fitted,
        "contrasts": _contrasts(known, fitted, config),
    }


def _fits(
    panels: Sequence[Panel], context: str, folds: Places, resamples: ConceptResamples
) -> dict[str, Any]:
    """Fits to the words of these directions that have a score and every predictor."""
    names = MODELS["both"]
    parts = []
    for number, panel in enumerate(panels):
        columns = {name: panel.predictors[context][name] for name in names}
        if np.isnan(columns["pivot_path"]).all():
            del columns["pivot_path"]
        there = np.isfinite([panel.score, *columns.values()]).all(axis=0)
        parts.append((number, panel, columns, there))
    shared = [name for name in names if all(name in columns for _, _, columns, _ in parts)]
    sample = Sample(
        np.concatenate([panel.score[there] for _, panel, _, there in parts]),
        {
            name: np.concatenate([columns[name][there] for _, _, columns, there in parts])
            for name in shared
        },
        np.concatenate([np.full(there.sum(), number) for number, _, _, there in parts]),
        np.concatenate([panel.concept[there] for _, panel, _, there in parts]),
    )
    if len(sample.score) < 10 * (1 + len(names)):
        return {"n_words": len(sample.score), "too_few": True}
    found = fits(sample, folds, resamples)
    for group in ("gains", "slopes"):
        found[group] = {name: value._asdict() for name, value in found[group].items()}
    return found


def _nested(found: Mapping[Name, Stat], kind: str) -> dict[str, Any]:
    """The statistics of a kind as a tree: {(kind, a, b): stat} becomes {a: {b: {...}}}."""
    tree: dict[str, Any] = {}
    for name, value in found.items():
        if name[0] == kind:
            branch = tree
            for part in name[1:-1]:
                branch = branch.setdefault(part, {})
            branch[name[-1]] = value._asdict()
    return tree


def _contrasts(
    known: Mapping[str, Mapping[Name, Stat]],
    fitted: Mapping[str, Mapping[str, Any]],
    config: AttributionConfig,
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for scope, found in known.items():
        for claim, name in declared(config).items():
            value = found[name]._asdict() if name in found else None
            if name[0] == "fit":
                value = fitted[scope][name[1]].get("gains", {}).get(name[2])
            rows.append({"scope": scope, "claim": claim, **(value or _NOTHING)})
    for primary in (True, False):
        family = [row for row in rows if (row["scope"] == ALL) == primary]
        for row, p in zip(family, holm([row["p_value"] for row in family]), strict=True):
            row["family"] = "primary" if primary else "by direction"
            row["p_holm"] = p
    return rows


_NOTHING = Stat(math.nan, math.nan, math.nan, math.nan, 0)._asdict()
