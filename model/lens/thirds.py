"""Whether a pivot is its language or only a frequent word: the same concept in a third language.

A layer may show the English word because the model works in English there, or because English
words are frequent and every layer leans towards them. Two controls that are not English:

* `thirds`: the concept's word in a language that is neither end nor pivot. Its mass above controls
  of its own language and frequency is compared with that of the pivot, word by word: at the pivot's
  layers, at the layers where the third language shows best (both chosen on dev words), and for
  words whose frequencies are alike.
* `bridges`: pairs of which the lake says in which language their best bridge is. If the model goes
  the way of the corpus, the words of that language show on these pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.config.measuring import LensConfig
from pivotmine.model.lens.bands import estimate, peak_layers
from pivotmine.model.lens.cells import Cell
from pivotmine.model.lens.readout import Readings, mean_mass

MATCHED_ZIPF = 0.5
"""Words whose frequencies differ by less than a factor of 3 (log10) count as matched."""

Values = NDArray[np.float64]


def above_controls(readings: Readings, lang: str) -> Values:
    """Mass of the concepts' words less the mean of their controls, [words, layers]."""
    own = np.exp(readings.log_mass[f"word:{lang}"])
    less: Values = own - mean_mass(readings.group(f"control:{lang}:"))
    return less


def thirds(
    readings: Readings, dev: Readings, cell: Cell, layers: tuple[int, ...], config: LensConfig
) -> dict[str, Any]:
    """The third languages beside the pivot, by language; empty without pivot layers.

    `layers` are the pivot's. Each value is the mean over words with its interval:

    * `above_controls`: of the third language's word, at the pivot's layers;
    * `pivot_beyond`: the pivot's mass above controls less that, on the same words;
    * `pivot_beyond_matched`: the same on words as frequent as the pivot;
    * `pivot_beyond_best`: the same, with the third language at its own layers (`own_layers`).

    Above zero: what shows is more than any frequent word of the concept.
    """
    found: dict[str, Any] = {}
    if not layers:
        return found
    known = {*cell.direction, cell.pivot}
    own = above_controls(readings, cell.pivot)[:, list(layers)].mean(axis=1)
    for name in sorted(readings.log_mass):
        lang = name.removeprefix("word:")
        if not name.startswith("word:") or lang in known:
            continue
        third = above_controls(readings, lang)
        third[~_apart(cell, lang)] = np.nan
        on_dev = above_controls(dev, lang) if name in dev.log_mass else np.full((1, 1), np.nan)
        best = peak_layers(np.nan_to_num(_means(on_dev), nan=-np.inf))
        here = third[:, list(layers)].mean(axis=1)
        values = {
            "above_controls": here,
            "pivot_beyond": own - here,
            "pivot_beyond_matched": np.where(_matched(cell, lang), own - here, np.nan),
        }
        if best:
            values["pivot_beyond_best"] = own - third[:, list(best)].mean(axis=1)
        found[lang] = {
            "own_layers": list(best),
            **{each: _estimated(of, config) for each, of in values.items()},
        }
    return found


def bridges(
    readings: Readings, cell: Cell, layers: tuple[int, ...], config: LensConfig
) -> dict[str, Any]:
    """Pairs by the language of their best bridge in the lake; empty if no list says it.

    For each language: `pivot` is the mass of the pivot's word above controls, `bridge` that of the
    concept's word in the bridge's language (where that is no end), `mined` that of the bridges
    themselves.
    """
    found: dict[str, Any] = {}
    if not layers:
        return found
    chosen = list(layers)
    values = {"pivot": above_controls(readings, cell.pivot)}
    if "mined" in readings.log_mass and "mined_control" in readings.log_mass:
        mined = readings.log_mass["mined"], readings.log_mass["mined_control"]
        values["mined"] = np.exp(mined[0]) - np.exp(mined[1])
    for lang in sorted(set(cell.bridged_by) - {""}):
        here = np.array([bridged == lang for bridged in cell.bridged_by])
        own = dict(values)
        if f"word:{lang}" in readings.log_mass and lang not in cell.direction:
            own["bridge"] = above_controls(readings, lang)
        found[lang] = {
            "n_words": int(here.sum()),
            **{
                name: _estimated(each[here][:, chosen].mean(axis=1), config)
                for name, each in own.items()
            },
        }
    return found


def _apart(cell: Cell, lang: str) -> NDArray[np.bool_]:
    """[words] whether the word shares no token with that of the pivot."""
    return np.array(
        [
            not set(item.tokens.get(f"word:{lang}", ()))
            & set(item.tokens.get(f"word:{cell.pivot}", ()))
            for item in cell.watched
        ],
        dtype=bool,
    )


def _matched(cell: Cell, lang: str) -> NDArray[np.bool_]:
    """[words] whether the word is about as frequent as that of the pivot."""
    return np.array(
        [
            abs(concept.zipf.get(lang, np.nan) - concept.zipf.get(cell.pivot, np.nan))
            <= MATCHED_ZIPF
            for concept in cell.concepts
        ],
        dtype=bool,
    )


def _means(values: Values) -> Values:
    """Means over words without NaN, [layers]."""
    there = ~np.isnan(values)
    total: Values = np.where(there, values, 0.0).sum(axis=0)
    return np.where(there.any(axis=0), total / np.maximum(there.sum(axis=0), 1), np.nan)


def _estimated(values: Values, config: LensConfig) -> dict[str, Any]:
    return estimate(values, config.n_resamples, config.seed)._asdict()
