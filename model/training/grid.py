"""The grid: every arm is trained with every seed, and each finished run is kept.

A seed decides the initial weights, the base phase and the order of documents, for all arms alike,
so arms are compared seed by seed. The folder of a finished run carries the hash of everything that
the run depends on (`model/results.py`). An interrupted grid continues in the middle of a run, and
arms or seeds that are added later reuse the runs that are there.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from pivotmine.errors import ConfigError
from pivotmine.model.config.training import BASE, GridConfig
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.heldout import HeldoutTexts
from pivotmine.model.progress import Progress
from pivotmine.model.results import key, read_table, write_json, write_table
from pivotmine.model.shards.packing import Packing
from pivotmine.model.statistics.registration import Registration, register
from pivotmine.model.training.checkpoints import EVALUATIONS, LOSSES, Rows, checkpoints
from pivotmine.model.training.evaluate import evaluations
from pivotmine.model.training.mixture import Mixture, slots
from pivotmine.model.training.networks import check_masking, merged, start, with_lora
from pivotmine.model.training.plan import Phase, Plan
from pivotmine.model.training.train import Job, Trained, train
from pivotmine.model.training.workers import make_accelerator

if TYPE_CHECKING:
    from accelerate import Accelerator

_RUN = [pa.field("arm", pa.string()), pa.field("seed", pa.int32())]

TABLES = {
    "evaluations": pa.schema([*_RUN, *EVALUATIONS]),
    "losses": pa.schema([*_RUN, *LOSSES]),
}
"""Name of a run's table -> its schema."""


def run_grid(plan: Plan, out: Path, progress: Progress) -> dict[str, Any]:
    """Train all missing runs; returns the summary that is written to `out`/grid-<key>.json.

    Writes `evaluations-<key>.parquet` and `losses-<key>.parquet` (`TABLES`) beside it, finished
    runs into `runs/`, and the declared contrasts into `registrations.jsonl`.

    Raises
    ------
    InputError
        The model and the shards do not fit.
    ModelError
        A loss is not finite.
    """
    recipe = plan.recipe
    accelerator = make_accelerator(recipe.training, recipe.model.device)
    # Needed even if all runs are done: the plan must fit the model.
    first = start(recipe.training, plan.streams, recipe.grid.seeds[0], progress.note)
    if recipe.training.mask_documents:
        check_masking(first.network, plan.streams[0].vocab_size)
    if accelerator.is_main_process:
        _say_registration(register(out, recipe.grid), progress)
    grid = _Grid(plan, accelerator, out, progress)
    tables: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    for seed in recipe.grid.seeds:
        model = first if seed == recipe.grid.seeds[0] else None
        for found in grid.run_seed(seed, model):
            for name, table in found.items():
                tables[name].append(table)
    grid_key = key(plan.identity(first.version, recipe.grid.seeds))
    summary = _summary(plan, first)
    if grid.accelerator.is_main_process:
        for name, parts in tables.items():
            write_table(out / f"{name}-{grid_key}.parquet", pa.concat_tables(parts))
        write_json(out / f"grid-{grid_key}.json", summary)
    return summary


class _Grid(NamedTuple):
    """What all runs of a grid share."""

    plan: Plan
    accelerator: Accelerator
    out: Path
    progress: Progress

    def run_seed(self, seed: int, model: LoadedModel | None) -> list[dict[str, pa.Table]]:
        """The tables of all runs of a seed, by name, after training those that are missing."""
        plan, grid = self.plan, self.plan.recipe.grid
        model = model or start(plan.recipe.training, plan.streams[:1], seed, self.progress.note)
        before = key(plan.identity(model.version, (seed,), arms=False))
        found = []
        if plan.base:
            folder = self.out / "runs" / f"{BASE}-s{seed}-{before}"
            found.append(self._run(plan.base, seed, model, folder, keep=True))
            model = _reloaded(model, folder)
        for arm in plan.arms[seed]:
            run_key = key({"before": before, "arm": arm.content})
            folder = self.out / "runs" / f"{arm.name}-s{seed}-{run_key}"
            found.append(self._run(arm, seed, model, folder, grid.keep_models))
        return found

    def _run(
        self, phase: Phase, seed: int, model: LoadedModel, folder: Path, keep: bool
    ) -> dict[str, pa.Table]:
        """The tables of one run, by name, after training it if it is missing."""
        paths = {name: folder / f"{name}.parquet" for name in TABLES}
        if not paths["losses"].exists():
            job = self._job(phase, seed, model, folder)
            self.progress.start(f"{phase.name}, seed {seed}", job.n_steps * job.config.step_tokens)
            network = with_lora(copy.deepcopy(model.network), job.config.lora_rank, seed)
            trained = train(self.accelerator, network, job)
            self.progress.note(_finished(phase.name, seed, trained.losses))
            if self.accelerator.is_main_process:
                if keep:
                    whole = merged(self.accelerator.unwrap_model(network))
                    whole.save_pretrained(folder / "model")
                    if model.tokenizer is not None:
                        model.tokenizer.save_pretrained(folder / "model")
                _write_tables(paths, phase.name, seed, trained)
                for old in checkpoints(folder):
                    shutil.rmtree(old)
            self.accelerator.wait_for_everyone()
        elif keep and not (folder / "model").exists():
            self.progress.note(
                f"{phase.name}, seed {seed}: its model was not kept when it was trained; delete "
                f"{folder} to train it again"
            )
        return {name: table for name, path in paths.items() if (table := read_table(path))}

    def _job(self, phase: Phase, seed: int, model: LoadedModel, folder: Path) -> Job:
        config, grid = self.plan.recipe.training, self.plan.recipe.grid
        n_sequences = phase.n_steps * config.batch_sequences
        packings = [
            Packing(stream, config.sequence_tokens, (seed, phase.number))
            for stream in phase.streams
        ]
        return Job(
            Mixture(packings, slots(phase.placements, n_sequences, phase.replay)),
            config,
            seed,
            folder,
            self._evaluations(model),
            _evaluation_steps(phase, grid),
            self.progress.advance,
            self.progress.note,
        )

    def _evaluations(self, model: LoadedModel) -> list[Callable[[Any], Rows]]:
        plan, config, grid = self.plan, self.plan.recipe.training, self.plan.recipe.grid
        if plan.words and model.tokenizer is None:
            raise ConfigError(
                "grid.words asks a model in text, and transformers cannot use the shards' "
                "sentencepiece tokenizer: tokenise with a tokenizer.json, or set grid.words to ''"
            )
        heldout = HeldoutTexts(
            plan.heldout, grid.heldout_tokens, config.sequence_tokens, config.mask_documents
        )
        return evaluations(model, plan.words, plan.recipe.scoring, plan.pairs, heldout)


def _evaluation_steps(phase: Phase, grid: GridConfig) -> set[int]:
    """Steps after which a phase is evaluated; the base phase at its end alone."""
    if phase.number == 0:
        return {phase.n_steps}
    first, n = grid.evaluate_from, grid.evaluations
    return {round((first + (1 - first) * k / n) * phase.n_steps) for k in range(1, n + 1)}


def _write_tables(paths: Mapping[str, Path], arm: str, seed: int, trained: Trained) -> None:
    """Write a run's tables; that of losses last, because it marks the run as finished."""
    for name, rows in (
        ("evaluations", trained.evaluations),
        ("losses", trained.losses.to_pylist()),
    ):
        named = [{"arm": arm, "seed": seed, **row} for row in rows]
        write_table(paths[name], pa.Table.from_pylist(named, schema=TABLES[name]))


def _say_registration(line: Registration, progress: Progress) -> None:
    if not line.declared["contrasts"]:
        return
    when = f"after {line.n_finished} runs of arms" if line.n_finished else "before the first run"
    progress.note(f"contrasts registered {line.date}, {when} ({line.key})")


def _finished(arm: str, seed: int, losses: pa.Table) -> str:
    """A line on a finished run; the loss is the mean of the last twentieth of the steps."""
    tokens, seconds = losses["tokens"].to_numpy(), losses["seconds"].to_numpy()
    last = losses["loss"].to_numpy()[-max(1, len(tokens) // 20) :].mean()
    return f"{arm}, seed {seed}: loss {last:.3f}, {tokens[-1] / seconds.sum():,.0f} tokens a second"


def _reloaded(model: LoadedModel, folder: Path) -> LoadedModel:
    """The model with the weights that the base phase ended with."""
    import torch
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    return LoadedModel(network, model.tokenizer, model.name, model.version, model.device)


def _summary(plan: Plan, model: LoadedModel) -> dict[str, Any]:
    recipe, words = plan.recipe, plan.words
    return {
        "model": {"name": model.name},
        "words": {
            "version": words.version if words else "",
            "split": recipe.scoring.split,
            **({"n_candidates": words.n_candidates} if words else {}),
        },
        "recipe": recipe.model_dump(mode="json", include={"training", "scoring", "grid"}),
        "phases": {
            phase.name: {
                "tokens": phase.n_steps * recipe.training.step_tokens,
                "languages": phase.diet.languages,
                "epochs": phase.diet.epochs,
                "shards": [stream.checksum for stream in phase.streams],
            }
            for phase in plan.phases
        },
    }
