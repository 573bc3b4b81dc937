"""A whole run: choose on dev, report on the asked split.

On dev words of each direction: which corrected lens tells concepts apart best, at which layers the
pivot shows, and what control words weigh there. On the asked split, with those choices fixed: mass
by layer, behaviours, and what ablating the pivot costs. One draw of examples, so intervals are over
words only.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pivotmine.errors import ConfigError, InputError
from pivotmine.model.config import LensConfig, ScoringConfig
from pivotmine.model.direction import Direction
from pivotmine.model.lens.agreement import Labels
from pivotmine.model.lens.bands import peak_layers
from pivotmine.model.lens.candidates import obstacle, readable
from pivotmine.model.lens.cells import Bench, Cell
from pivotmine.model.lens.lenses import LensName
from pivotmine.model.lens.network import parts_of
from pivotmine.model.lens.plots import Panel, heat_map, trajectories
from pivotmine.model.lens.summary import claims, effects, gap, mass_bands, panel, plain, separations
from pivotmine.model.lens.verdicts import (
    RULES,
    agreement_of,
    behaviours,
    false_pivots,
    shares,
    sound_name,
)
from pivotmine.model.progress import Progress
from pivotmine.model.results import key, write_json, write_table
from pivotmine.model.scoring.prompts import directions
from pivotmine.model.scoring.shared_cache import limits_of
from pivotmine.model.words.dataset import WordSet

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel

CORRECTED: tuple[LensName, ...] = ("centred", "scaled")
_ENOUGH_READABLE = 0.9
"""A language with fewer words that a lens can see is told."""


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

    Writes `readings/` and `ablations/` (raw, a file a cell; an interrupted run goes on there),
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
    wanted = directions(
        scoring.model_copy(update={"directions": config.directions}), words.languages
    )
    bench = Bench(
        model, parts_of(model), words, scoring, config, limits_of(model, scoring), out, progress
    )
    seen = readable(words.concepts, bench.tokens, words.languages)
    for lang in dict.fromkeys(lang for direction in wanted for lang in direction):
        if seen[lang] < _ENOUGH_READABLE:
            progress.note(
                f"{lang}: {seen[lang]:.0%} of the words begin with a token that shows a letter; "
                "the tokenizer spells the others in bytes, and no layer is read for them"
            )
    dev = {direction: _cell(bench, direction, "dev", config.dev_limit) for direction in wanted}
    asked = {direction: _cell(bench, direction, config.split, config.limit) for direction in wanted}

    read_dev = {
        (direction, lens): bench.readings(cell, lens)
        for direction, cell in dev.items()
        for lens in ("logit", *CORRECTED)
    }
    apart = {
        lens: np.mean([separations(read_dev[d, lens], dev[d]) for d in wanted], axis=0)
        for lens in ("logit", *CORRECTED)
    }
    chosen: LensName = max(CORRECTED, key=lambda lens: float(apart[lens].mean()))
    lenses: tuple[LensName, ...] = ("logit", chosen)

    by_direction: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    panels: dict[LensName, list[Panel]] = {lens: [] for lens in lenses}
    for direction in wanted:
        cell = asked[direction]
        read_asked = {lens: bench.readings(cell, lens) for lens in lenses}
        found: dict[str, Any] = {"n_words": len(cell.concepts), "pivot": cell.pivot}
        layers: tuple[int, ...] = ()
        for lens in lenses:
            layers = peak_layers(np.nanmean(gap(read_dev[direction, lens], cell.pivot), axis=0))
            bands = mass_bands(read_asked[lens], cell, config)
            found[lens] = {
                "pivot_layers": list(layers),
                **claims(read_asked[lens], cell, layers, config),
                "bands": {name: plain(value) for name, value in bands.items()},
                "median_rank": {
                    name: np.nanmedian(values, axis=0).tolist()
                    for name, values in read_asked[lens].rank.items()
                },
            }
            panels[lens].append(panel(cell, bands, layers))
        verdicts = behaviours(cell, read_asked, {x: read_dev[direction, x] for x in lenses}, config)
        found["behaviours"] = shares(verdicts, config)
        found["false_pivots"] = {
            sound_name(lens): false_pivots(
                cell, read_asked[lens], read_dev[direction, lens], config
            )
            for lens in lenses
        }
        ablations = bench.ablations(cell, layers) if config.n_ablated else None
        if ablations is not None:
            found["ablation"] = effects(ablations, cell, verdicts["sound"], config)
        by_direction[str(direction)] = found
        rows += [
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
    summary: dict[str, Any] = {
        "model": {"name": model.name, "version": model.version},
        "words": {"version": words.version, "split": config.split},
        "settings": {
            "lens": config.model_dump(mode="json"),
            "scoring": scoring.model_dump(mode="json"),
        },
        "readable_words": seen,
        "corrected_lens": chosen,
        "separation_dev": {lens: values.tolist() for lens, values in apart.items()},
        "directions": by_direction,
    }
    if labels:
        summary["agreement"] = agreement_of(model.name, dev, read_dev, lenses, labels, config)
    run_key = key({"settings": summary["settings"], "model": model.version, "words": words.version})
    write_table(out / f"traces-{run_key}.parquet", pa.Table.from_pylist(rows))
    write_json(out / f"lens-{run_key}.json", summary)
    for lens in lenses:
        title = f"{model.name}, {lens} lens"
        trajectories(panels[lens], out / f"trajectory-{lens}-{run_key}.svg", title)
        heat_map(panels[lens], out / f"heat-map-{lens}-{run_key}.svg", title)
    return summary


def _cell(bench: Bench, direction: Direction, split: str, limit: int) -> Cell:
    cell = bench.cell(direction, split, limit)
    if not cell.concepts:
        of_split = bench.words.split(split)
        reasons = Counter(
            obstacle(concept, direction, bench.tokens, cell.pivot) or "no mined pivots"
            for concept in of_split
        )
        found = "; ".join(f"{why}: {n} of {len(of_split)}" for why, n in reasons.most_common())
        raise InputError(
            f"{direction}: no concept of the {split} split can be read ({found or 'it is empty'}): "
            "use another direction, a larger word set, or a model whose tokenizer keeps words whole"
        )
    return cell
