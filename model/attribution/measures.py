"""The statistics of a panel, with their values in all resamples so that directions can be averaged.

`all` is the mean over the directions in which a statistic can be measured. It is not a statistic of
the pooled words, because directions differ in scores and in counts, and a pool would measure these
differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.attribution.counts import CONTEXTS
from pivotmine.model.attribution.join import PREDICTORS, Panel
from pivotmine.model.attribution.rank import auc, partial_correlation, rank_correlations
from pivotmine.model.attribution.resample import Array, ConceptResamples, Places, Stat, stat
from pivotmine.model.config.measuring import AttributionConfig

FREQUENCIES = ("source_frequency", "target_frequency")
BESIDE = (*FREQUENCIES, "pmi")
"""The predictors that co-occurrence is compared with."""

GIVEN: dict[str, tuple[str, tuple[str, ...]]] = {
    **{name: (name, ()) for name in PREDICTORS},
    "cooccurrence, given frequencies": ("cooccurrence", FREQUENCIES),
    "pivot_path, given frequencies": ("pivot_path", FREQUENCIES),
    "cooccurrence, given frequencies and pivot_path": (
        "cooccurrence",
        (*FREQUENCIES, "pivot_path"),
    ),
    "pivot_path, given frequencies and cooccurrence": (
        "pivot_path",
        (*FREQUENCIES, "cooccurrence"),
    ),
}
"""Name of a rank correlation with the score -> (predictor, what is held fixed)."""

Name = tuple[str, ...]
"""(`auc`, outcome, context, predictor or difference) or (`spearman`, context, name)."""


class Measure(NamedTuple):
    """A statistic, its values in resamples [resamples], its words, and its value under the null."""

    value: float
    resampled: Array
    n_words: int
    null: float


def measure(
    panel: Panel, config: AttributionConfig, resamples: ConceptResamples
) -> dict[Name, Measure]:
    """AUCs and rank correlations of one direction; those that cannot be measured are left out."""
    found: dict[Name, Measure] = {}
    for context in CONTEXTS:
        predictors = panel.predictors[context]
        for outcome, values in panel.outcomes.items():
            for name, each in _aucs(panel, predictors, values, config, resamples).items():
                found["auc", outcome, context, name] = each
        found |= {
            ("spearman", context, name): each
            for name, each in _correlations(panel, predictors, config, resamples).items()
        }
    return found


def mean_over_directions(measures: Sequence[Mapping[Name, Measure]]) -> dict[Name, Measure]:
    """The mean of every statistic over the directions that have it; `n_words` is the sum."""
    names = dict.fromkeys(name for each in measures for name in each)
    found = {}
    for name in names:
        there = [each[name] for each in measures if name in each]
        there = [each for each in there if not np.isnan(each.value)]
        if there:
            found[name] = Measure(
                float(np.mean([each.value for each in there])),
                np.mean([each.resampled for each in there], axis=0),
                sum(each.n_words for each in there),
                there[0].null,
            )
    return found


def stats(measures: Mapping[Name, Measure]) -> dict[Name, Stat]:
    """The statistics with intervals and p-values."""
    return {name: stat(*each) for name, each in measures.items()}


def _correlations(
    panel: Panel,
    predictors: Mapping[str, Array],
    config: AttributionConfig,
    resamples: ConceptResamples,
) -> dict[str, Measure]:
    """Rank correlations with the score; those with the pivot path use the words that have one."""
    found: dict[str, Measure] = {}
    for with_path in (False, True):
        names = {
            name: (one, given)
            for name, (one, given) in GIVEN.items()
            if ("pivot_path" in (one, *given)) == with_path
        }
        used = [name for name in PREDICTORS if with_path or name != "pivot_path"]
        there = _complete(panel.score, *(predictors[name] for name in used))
        n_words = int(there.sum())
        if n_words < max(config.min_group, len(used) + 3):
            continue
        columns = [panel.score[there], *(predictors[name][there] for name in used)]
        statistic = partial(rank_correlations, columns)
        whole = statistic(np.ones((1, n_words)))
        resampled = resamples.apply(panel.concept[there], statistic)
        for name, (one, given) in names.items():
            places = [1 + used.index(column) for column in (one, *given)]
            value, values = (
                partial_correlation(each, 0, places[0], places[1:]) for each in (whole, resampled)
            )
            found[name] = Measure(float(value[0]), values, n_words, 0.0)
    return found


def _aucs(
    panel: Panel,
    predictors: Mapping[str, Array],
    outcome: Array,
    config: AttributionConfig,
    resamples: ConceptResamples,
) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for name in PREDICTORS:
        there = _complete(outcome, predictors[name])
        positive = outcome[there] == 1
        if min(positive.sum(), (~positive).sum()) < config.min_group:
            continue
        if not np.ptp(predictors[name][there]) > 0:  # the AUC of a constant is .5 by definition
            continue
        statistic = partial(auc, predictors[name][there], positive)
        found[name] = _measure(statistic, panel.concept[there], resamples, 0.5)
    for other in BESIDE:
        if {"cooccurrence", other} <= found.keys():
            one, baseline = found["cooccurrence"], found[other]
            found[f"cooccurrence less {other}"] = Measure(
                one.value - baseline.value, one.resampled - baseline.resampled, one.n_words, 0.0
            )
    return found


def _measure(
    statistic: Callable[[Array], Array], concepts: Places, resamples: ConceptResamples, null: float
) -> Measure:
    value = float(statistic(np.ones((1, len(concepts))))[0])
    return Measure(value, resamples.apply(concepts, statistic), len(concepts), null)


def _complete(*columns: Array) -> NDArray[np.bool_]:
    there: NDArray[np.bool_] = np.asarray(np.isfinite(columns).all(axis=0))
    return there
