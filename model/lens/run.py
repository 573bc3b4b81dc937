"""A whole run of the lens: choices are made on dev words, results are for another split.

On dev words of each direction the run chooses the corrected lens that separates concepts best, the
layers at which the pivot shows, and the thresholds from control words. With these choices fixed, it
reports mass by layer, behaviours and the cost of ablating the pivot on the words of
`lens.split`. It uses one draw of examples, so intervals are over words only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.errors import ConfigError, InputError
from pivotmine.model.config.measuring import LensConfig, ScoringConfig
from pivotmine.model.lens.agreement import Labels
from pivotmine.model.lens.bands import peak_layers
from pivotmine.model.lens.behaviour import Behaviour
from pivotmine.model.lens.bench import Bench
from pivotmine.model.lens.candidates import obstacle, readable
from pivotmine.model.lens.cells import Cell, Cells
from pivotmine.model.lens.figures import heat_map, panels, trajectories
from pivotmine.model.lens.lenses import LENSES, LensName
from pivotmine.model.lens.network import parts_of
from pivotmine.model.lens.readout import Readings
from pivotmine.model.lens.summary import claims, effects, mass_bands, plain, separations
from pivotmine.model.lens.thirds import above_controls, bridges, thirds
from pivotmine.model.lens.verdicts import (
    RULES,
    agreement_of,
    behaviours,
    false_pivots,
    shares,
    sound_name,
)
from pivotmine.model.load import LoadedModel
from pivotmine.model.progress import Progress
from pivotmine.model.results import key, versions, write_json, write_table
from pivotmine.model.scoring.prompts import directions
from pivotmine.model.scoring.shared_cache import limits_of
from pivotmine.model.words.dataset import Direction, WordSet
from pivotmine.show.look.drawing import beside, titled, write_figure

_ENOUGH_READABLE = 0.9
"""A language in which a smaller share of words is readable gets a note."""

TRACES = pa.schema(
    (name, pa.string()) for name in ("direction", "concept", "source", "pivot", "target", *RULES)
)
"""A word of a direction, and its behaviour by each rule (null: none)."""


class Choice(NamedTuple):
    """What was chosen on dev words, and the readings that it rests on."""

    readings: Mapping[tuple[Direction, LensName], Readings]
    separation: Mapping[LensName, NDArray[np.float64]]
    """[layers], mean over directions."""
    corrected: LensName
    """The corrected lens that separates concepts from controls best."""

    @property
    def lenses(self) -> tuple[LensName, ...]:
        """The lenses that are reported."""
        return ("logit", self.corrected)

    def of(self, direction: Direction) -> dict[LensName, Readings]:
        """Dev readings of a direction by the reported lenses."""
        return {lens: self.readings[direction, lens] for lens in self.lenses}

    def layers(self, cell: Cell, lens: LensName) -> tuple[int, ...]:
        """The layers at which the pivot shows on dev words."""
        above = above_controls(self.readings[cell.direction, lens], cell.pivot)
        return peak_layers(np.nanmean(above, axis=0))


def trace(
    model: LoadedModel,
    words: WordSet,
    scoring: ScoringConfig,
    config: LensConfig,
    out: Path,
    progress: Progress,
    labels: Labels | None = None,
) -> dict[str, Any]:
    """Read a model's layers; returns the summary that is also written to `lens-<key>.json`.

    Writes `readings/` and `ablations/` (raw, a file a cell; an interrupted run continues there),
    `traces-<key>.parquet` (behaviours of every word) and figures into `out`.

    Raises
    ------
    ConfigError, InputError
        The word set cannot serve these settings.
    ModelError
        The model's numbers are not finite, or the lens does not fit its architecture.
    """
    if scoring.prompt != "he2025":
        raise ConfigError(f"scoring.prompt={scoring.prompt}: the lens reads the he2025 prompt only")
    named = scoring.model_copy(update={"directions": config.directions})
    wanted = directions(named, words.languages)
    cells, limits = Cells(model, words, scoring, config), limits_of(model, scoring)
    bench = Bench(model, parts_of(model), words, cells, config, limits, out, progress)
    seen = _readable(bench, wanted)
    dev = {direction: _cell(bench, direction, "dev", config.dev_limit) for direction in wanted}
    asked = [_cell(bench, direction, config.split, config.limit) for direction in wanted]
    choice = _choose(bench, dev)
    by_direction: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for cell in asked:
        by_direction[str(cell.direction)], verdicts = _read(bench, cell, choice)
        rows += _trace_rows(cell, verdicts)
    summary: dict[str, Any] = {
        "model": {"name": model.name, "version": model.version},
        "words": {"version": words.version, "split": config.split},
        "settings": {
            "lens": config.model_dump(mode="json"),
            "scoring": scoring.model_dump(mode="json"),
        },
        "readable_words": seen,
        "corrected_lens": choice.corrected,
        "separation_dev": {lens: values.tolist() for lens, values in choice.separation.items()},
        "directions": by_direction,
    }
    if labels:
        known = {direction: choice.of(direction) for direction in wanted}
        summary["agreement"] = agreement_of(model.name, dev, known, labels, config)
    run_key = key(
        {
            "versions": versions(),
            "settings": summary["settings"],
            "model": model.version,
            "words": words.version,
        }
    )
    write_table(out / f"traces-{run_key}.parquet", pa.Table.from_pylist(rows, schema=TRACES))
    write_json(out / f"lens-{run_key}.json", summary)
    _draw(summary, choice.lenses, out, run_key)
    return summary


def _readable(bench: Bench, wanted: Sequence[Direction]) -> dict[str, float]:
    """Share of readable words by language; notes the languages in which many are not."""
    seen = readable(bench.words.concepts, bench.cells.tokens, bench.words.languages)
    for lang in dict.fromkeys(lang for direction in wanted for lang in direction):
        if seen[lang] < _ENOUGH_READABLE:
            bench.progress.note(
                f"{lang}: {seen[lang]:.0%} of the words begin with a token that shows a letter; "
                "the tokenizer spells the others in bytes, and no layer is read for them"
            )
    return seen


def _choose(bench: Bench, dev: Mapping[Direction, Cell]) -> Choice:
    readings = {
        (direction, lens): bench.readings(cell, lens)
        for direction, cell in dev.items()
        for lens in LENSES
    }
    separation = {
        lens: np.mean([separations(readings[direction, lens]) for direction in dev], axis=0)
        for lens in LENSES
    }
    best = max(LENSES[1:], key=lambda lens: float(separation[lens].mean()))
    return Choice(readings, separation, best)


def _read(
    bench: Bench, cell: Cell, choice: Choice
) -> tuple[dict[str, Any], dict[str, list[Behaviour]]]:
    """The results of a cell, and every rule's verdicts on its concepts."""
    config = bench.config
    dev = choice.of(cell.direction)
    readings = {lens: bench.readings(cell, lens) for lens in choice.lenses}
    verdicts = behaviours(cell, readings, dev, config)
    layers = {lens: choice.layers(cell, lens) for lens in choice.lenses}
    found: dict[str, Any] = {"n_words": len(cell.concepts), "pivot": cell.pivot}
    for lens, read in readings.items():
        found[lens] = _of_lens(read, dev[lens], cell, layers[lens], config)
    found["behaviours"] = shares(verdicts, config)
    found["false_pivots"] = {
        sound_name(lens): false_pivots(cell, read, dev[lens], config)
        for lens, read in readings.items()
    }
    if config.n_ablated:
        ablations = bench.ablations(cell, layers[choice.corrected])
        found["ablation"] = effects(ablations, cell, verdicts["sound"], config)
    return found, verdicts


def _of_lens(
    readings: Readings, dev: Readings, cell: Cell, layers: tuple[int, ...], config: LensConfig
) -> dict[str, Any]:
    bands = mass_bands(readings, cell, config)
    return {
        "pivot_layers": list(layers),
        **claims(readings, cell, layers, config),
        "thirds": thirds(readings, dev, cell, layers, config),
        "bridges": bridges(readings, cell, layers, config),
        "bands": {name: plain(value) for name, value in bands.items()},
        "median_rank": {
            name: np.nanmedian(values, axis=0).tolist() for name, values in readings.rank.items()
        },
    }


def _trace_rows(cell: Cell, verdicts: Mapping[str, Sequence[Behaviour]]) -> list[dict[str, Any]]:
    direction = cell.direction
    return [
        {
            "direction": str(direction),
            "concept": concept.id,
            "source": concept.words[direction.source],
            "pivot": concept.words[cell.pivot],
            "target": concept.words[direction.target],
            **{rule: verdicts[rule][place] for rule in RULES},
        }
        for place, concept in enumerate(cell.concepts)
    ]


def _draw(summary: Mapping[str, Any], lenses: Sequence[LensName], out: Path, run_key: str) -> None:
    """Write the figures of every lens as SVG files."""
    for lens in lenses:
        shown = panels(summary["directions"], lens)
        maps = [heat_map(panel) for panel in shown]
        for name, drawn in (("trajectory", trajectories(shown)), ("heat-map", maps)):
            named = [
                titled(spec, panel.finding, f"{summary['model']['name']}, {lens} lens")
                for spec, panel in zip(drawn, shown, strict=True)
            ]
            write_figure(beside(named, columns=2), out / f"{name}-{lens}-{run_key}.svg")


def _cell(bench: Bench, direction: Direction, split: str, limit: int) -> Cell:
    cell = bench.cells.make(direction, split, limit)
    if not cell.concepts:
        of_split = bench.words.split(split)
        reasons = Counter(
            obstacle(concept, direction, bench.cells.tokens, cell.pivot) or "no mined pivots"
            for concept in of_split
        )
        found = "; ".join(f"{why}: {n} of {len(of_split)}" for why, n in reasons.most_common())
        raise InputError(
            f"{direction}: no concept of the {split} split can be read ({found or 'it is empty'}): "
            "use another direction, a larger word set, or a model whose tokenizer keeps words whole"
        )
    return cell
