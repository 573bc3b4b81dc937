"""The grid: every arm with every seed, from one base a seed, each finished run kept.

A seed decides the initial weights, the base phase and the order of documents, for all arms alike,
so arms are compared seed by seed. Finished runs are files whose names carry the hash of all that
they depend on (`model/results.py`); a grid that was interrupted goes on in the middle of a run, and
arms or seeds that are added later find the others done.

Everything that can be wrong with shards, tokenizers and budgets is found before the first step.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from pivotmine.errors import ConfigError
from pivotmine.model.config import BasePhase, Recipe, StreamConfig
from pivotmine.model.evaluation.pairs import Pair, read_pairs
from pivotmine.model.load import LoadedModel
from pivotmine.model.results import key, read_table, write_json, write_table
from pivotmine.model.scoring.run import Progress
from pivotmine.model.training.budget import Diet, Share, check_languages, diet
from pivotmine.model.training.evaluate import Questions, evaluator
from pivotmine.model.training.mixture import Mixture, Placement, slots
from pivotmine.model.training.networks import merged, start
from pivotmine.model.training.packing import Packing
from pivotmine.model.training.shards import Stream, open_stream
from pivotmine.model.training.train import LOSSES, Job, make_accelerator, prepared, train
from pivotmine.model.words.dataset import WordSet, load

if TYPE_CHECKING:
    from accelerate import Accelerator

BASE = "base"
"""What the common phase is called among the arms."""

EVALUATIONS = pa.schema(
    [
        pa.field("arm", pa.string()),
        pa.field("seed", pa.int32()),
        pa.field("step", pa.int32()),
        pa.field("tokens", pa.int64()),
        pa.field("kind", pa.string()),  # word: of the word task; pair: of segments; heldout: a text
        pa.field("name", pa.string()),  # direction, or name of the text
        pa.field("concept", pa.string()),  # of pairs: place in the file, by direction
        pa.field("contrast", pa.float32()),  # nats; of pairs: what the source is worth, a token
        pa.field("accuracy_source", pa.float32()),
        pa.field("mrr_source", pa.float32()),
        pa.field("loss", pa.float32()),  # nats a token, of held-out text or a target segment
    ]
)

_ARM_LOSSES = pa.schema([EVALUATIONS.field("arm"), EVALUATIONS.field("seed"), *LOSSES])


class Phase(NamedTuple):
    """An arm or the base phase, checked and ready."""

    name: str
    placements: tuple[Placement, ...]
    streams: tuple[Stream, ...]
    n_steps: int
    replay: float
    number: int
    """0: base, 1: arms. Part of what decides the order of documents."""
    diet: Diet


class Plan(NamedTuple):
    """A grid, checked and ready."""

    recipe: Recipe
    base: Phase | None
    arms: Mapping[int, tuple[Phase, ...]]
    """Of each seed; they differ where streams are named by the seed."""
    heldout: Mapping[str, Stream]
    words: WordSet | None
    pairs: Mapping[str, Sequence[Pair]]
    """Direction -> aligned segments."""

    @property
    def streams(self) -> list[Stream]:
        """Every stream that is read."""
        arms = (arm for arms in self.arms.values() for arm in arms)
        phases = [*([self.base] if self.base else []), *arms]
        trained = [stream for phase in phases for stream in phase.streams]
        return [*trained, *self.heldout.values()]


def make_plan(recipe: Recipe, say: Callable[[str], None] = lambda _: None) -> Plan:
    """Open and check everything that the grid reads.

    Raises
    ------
    ConfigError, InputError
        The grid has no arms, or something does not fit; nothing was trained.
    """
    grid = recipe.grid
    if not grid.arms:
        raise ConfigError("grid.arms is empty: name what to train on (conf/arms/planted-arms.yaml)")
    opened: dict[str, Stream] = {}

    def stream(folder: str) -> Stream:
        if folder not in opened:
            say(f"checking {folder}")
            opened[folder] = open_stream(folder)
        return opened[folder]

    def phase(
        name: str, listed: Sequence[StreamConfig], tokens: int, replay: float, number: int
    ) -> Phase:
        a_step = recipe.training.batch_sequences * recipe.training.sequence_tokens
        n_steps = -(-tokens // a_step)
        streams = tuple(stream(one.shards) for one in listed)
        placements = tuple(
            Placement(one.shards, one.ratio, one.placement, one.window) for one in listed
        )
        slots(placements, n_steps * recipe.training.batch_sequences, replay)
        shares = [Share(of, one.ratio) for of, one in zip(streams, listed, strict=True)]
        eaten = diet(name, shares, n_steps * a_step, grid.max_epochs)
        return Phase(name, placements, streams, n_steps, replay, number, eaten)

    arms: dict[int, tuple[Phase, ...]] = {}
    for seed in grid.seeds:
        arms[seed] = tuple(
            phase(arm.name, _of_seed(arm.streams, seed), grid.tokens, arm.replay, 1)
            for arm in grid.arms
        )
        check_languages({arm.name: arm.diet for arm in arms[seed]}, grid)
    base = _base(grid.base, phase) if grid.base else None
    heldout = {name: stream(folder) for name, folder in sorted(grid.heldout.items())}
    words = load(Path(grid.words)) if grid.words else None
    asked = read_pairs(Path(grid.pairs), grid.pair_directions, grid.n_pairs) if grid.pairs else {}
    return Plan(recipe, base, arms, heldout, words, asked)


def _of_seed(streams: Sequence[StreamConfig], seed: int) -> list[StreamConfig]:
    return [
        one.model_copy(update={"shards": one.shards.replace("{seed}", str(seed))})
        for one in streams
    ]


def _base(base: BasePhase, phase: Any) -> Phase:
    made: Phase = phase(BASE, base.streams, base.tokens, 0.0, 0)
    return made


def run_grid(plan: Plan, out: Path, progress: Progress) -> dict[str, Any]:
    """Train what is not done yet; returns the summary that is also `grid-<key>.json` in `out`.

    Beside it: `evaluations-<key>.parquet` (`EVALUATIONS`) and `losses-<key>.parquet`. Finished runs
    are in `runs/`.

    Raises
    ------
    InputError
        The model and the shards do not fit.
    ModelError
        A loss is not finite.
    """
    recipe = plan.recipe
    # Also where all runs are done: the plan must fit the model.
    first = start(recipe.training, plan.streams, recipe.grid.seeds[0], progress.note)
    accelerator = make_accelerator(recipe.training, recipe.model.device)
    tables: dict[str, list[pa.Table]] = {"evaluations": [], "losses": []}
    for seed in recipe.grid.seeds:
        model = first if seed == recipe.grid.seeds[0] else None
        for table_name, table in _seed(plan, seed, model, accelerator, out, progress):
            tables[table_name].append(table)
    grid_key = key(_identity(plan, first.version, recipe.grid.seeds))
    summary = _summary(plan, first)
    if accelerator.is_main_process:
        for name, parts in tables.items():
            write_table(out / f"{name}-{grid_key}.parquet", pa.concat_tables(parts))
        write_json(out / f"grid-{grid_key}.json", summary)
    return summary


def _seed(
    plan: Plan,
    seed: int,
    model: LoadedModel | None,
    accelerator: Accelerator,
    out: Path,
    progress: Progress,
) -> list[tuple[str, pa.Table]]:
    """All runs of a seed: their tables."""
    config = plan.recipe.training
    model = model or start(config, plan.streams[:1], seed, progress.note)
    before = key(_identity(plan, model.version, (seed,), arms=False))
    parts: list[tuple[str, pa.Table]] = []
    if plan.base:
        folder = out / "runs" / f"{BASE}-s{seed}-{before}"
        parts += _run(plan, plan.base, seed, model, accelerator, folder, progress, keep=True)
        model = _reloaded(model, folder)
    for arm in plan.arms[seed]:
        run_key = key({"before": before, "arm": _content(arm)})
        folder = out / "runs" / f"{arm.name}-s{seed}-{run_key}"
        keep = plan.recipe.grid.keep_models
        parts += _run(plan, arm, seed, model, accelerator, folder, progress, keep)
    return parts


def _run(
    plan: Plan,
    phase: Phase,
    seed: int,
    model: LoadedModel,
    accelerator: Accelerator,
    folder: Path,
    progress: Progress,
    keep: bool,
) -> list[tuple[str, pa.Table]]:
    """One run, unless it is done: its tables."""
    paths = {name: folder / f"{name}.parquet" for name in ("evaluations", "losses")}
    if not paths["losses"].exists():
        config, grid = plan.recipe.training, plan.recipe.grid
        n_sequences = phase.n_steps * config.batch_sequences
        chosen = slots(phase.placements, n_sequences, phase.replay)
        packings = [
            Packing(stream, config.sequence_tokens, (seed, phase.number))
            for stream in phase.streams
        ]
        n_evaluations = 1 if phase.number == 0 else grid.evaluations
        job = Job(
            Mixture(packings, chosen),
            config,
            seed,
            folder,
            _evaluator(plan, model),
            {round(n * phase.n_steps / n_evaluations) for n in range(1, n_evaluations + 1)},
            progress.advance,
        )
        progress.start(f"{phase.name}, seed {seed}", n_sequences * config.sequence_tokens)
        network = prepared(copy.deepcopy(model.network), config)
        trained = train(accelerator, network, job)
        progress.note(_said(phase.name, seed, trained.losses))
        if accelerator.is_main_process:
            if keep:
                merged(accelerator.unwrap_model(network)).save_pretrained(folder / "model")
                if model.tokenizer is not None:
                    model.tokenizer.save_pretrained(folder / "model")
            named = {"arm": phase.name, "seed": seed}
            rows = [{**named, **row} for row in trained.evaluations]
            write_table(paths["evaluations"], pa.Table.from_pylist(rows, schema=EVALUATIONS))
            rows = [{**named, **row} for row in trained.losses.to_pylist()]
            write_table(paths["losses"], pa.Table.from_pylist(rows, schema=_ARM_LOSSES))
            for old in folder.glob("checkpoint-*"):
                shutil.rmtree(old)
        accelerator.wait_for_everyone()
    return [(name, table) for name, path in paths.items() if (table := read_table(path))]


def _said(arm: str, seed: int, losses: pa.Table) -> str:
    """A line on a finished run."""
    tokens, seconds = losses["tokens"].to_numpy(), losses["seconds"].to_numpy()
    last = losses["loss"].to_numpy()[-max(1, len(tokens) // 20) :].mean()
    return f"{arm}, seed {seed}: loss {last:.3f}, {tokens[-1] / seconds.sum():,.0f} tokens a second"


def _evaluator(plan: Plan, model: LoadedModel) -> Any:
    config, grid = plan.recipe.training, plan.recipe.grid
    if plan.words and model.tokenizer is None:
        raise ConfigError(
            "grid.words asks a model in text, and transformers cannot use the shards' "
            "sentencepiece tokenizer: tokenise with a tokenizer.json, or set grid.words to ''"
        )
    heldout = {
        name: Packing(stream, config.sequence_tokens, (0, 2))
        for name, stream in plan.heldout.items()
    }
    n_sequences = max(1, grid.heldout_tokens // config.sequence_tokens)
    return evaluator(
        model,
        Questions(plan.words, plan.recipe.scoring, plan.pairs, heldout, n_sequences),
        config.mask_documents,
    )


def _reloaded(model: LoadedModel, folder: Path) -> LoadedModel:
    """The model with the weights that the base phase ended with."""
    import torch
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    return LoadedModel(network, model.tokenizer, model.name, model.version, model.device)


def _content(phase: Phase) -> dict[str, Any]:
    """What a phase trains on, by content and not by address."""
    return {
        "streams": [stream.checksum for stream in phase.streams],
        "placements": [placement[1:] for placement in phase.placements],
        "replay": phase.replay,
        "steps": phase.n_steps,
    }


def _identity(plan: Plan, model: str, seeds: Sequence[int], arms: bool = True) -> dict[str, Any]:
    """Everything that results depend on."""
    recipe, grid = plan.recipe, plan.recipe.grid
    aside = {"micro_sequences", "checkpoint_steps"}
    return {
        "model": model,
        "training": recipe.training.model_dump(mode="json", exclude=aside),
        "scoring": recipe.scoring.model_dump(mode="json") if plan.words else None,
        "words": plan.words.version if plan.words else None,
        "heldout": {name: stream.checksum for name, stream in plan.heldout.items()},
        "heldout_tokens": grid.heldout_tokens,
        "evaluations": grid.evaluations,
        "base": _content(plan.base) if plan.base else None,
        "arms": {f"{arm.name} {seed}": _content(arm) for seed in seeds for arm in plan.arms[seed]}
        if arms
        else None,
        "seeds": list(seeds),
        # Runs of grids without pairs keep their names.
        **({"pairs": _plain(plan.pairs)} if plan.pairs else {}),
    }


def _plain(pairs: Mapping[str, Sequence[Pair]]) -> dict[str, list[list[str]]]:
    return {way: [list(pair) for pair in asked] for way, asked in pairs.items()}


def _summary(plan: Plan, model: LoadedModel) -> dict[str, Any]:
    phases = [*([plan.base] if plan.base else []), *plan.arms[plan.recipe.grid.seeds[0]]]
    a_step = plan.recipe.training.batch_sequences * plan.recipe.training.sequence_tokens
    words = plan.words
    return {
        "model": {"name": model.name},
        "words": {"version": words.version if words else "", "split": plan.recipe.scoring.split},
        "recipe": plan.recipe.model_dump(mode="json", include={"training", "scoring", "grid"}),
        "phases": {
            phase.name: {
                "tokens": phase.n_steps * a_step,
                "languages": phase.diet.languages,
                "epochs": phase.diet.epochs,
                "shards": [stream.checksum for stream in phase.streams],
            }
            for phase in phases
        },
    }
