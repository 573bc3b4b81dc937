"""The grid: every arm is trained with every seed, and each finished run is kept.

A seed decides the initial weights, the base phase and the order of documents, for all arms alike,
so arms are compared seed by seed. The folder of a finished run carries the hash of everything that
the run depends on (`model/results.py`). An interrupted grid continues in the middle of a run, and
arms or seeds that are added later reuse the runs that are there.

Several processes may share the folder: each trains runs that no other has (`model/locks.py`), and
all write the same tables at the end. Small models can be trained side by side on one GPU like that.
"""

from __future__ import annotations

import copy
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from pivotmine.errors import ConfigError
from pivotmine.model.config.training import BASE, GridConfig
from pivotmine.model.load import LoadedModel
from pivotmine.model.locks import Lease, holder
from pivotmine.model.losses.heldout import HeldoutTexts
from pivotmine.model.progress import Progress
from pivotmine.model.results import key, write_json, write_table
from pivotmine.model.shards.packing import Packing
from pivotmine.model.statistics.registration import Registration, register
from pivotmine.model.training.checkpoints import Rows, checkpoints
from pivotmine.model.training.evaluate import evaluations
from pivotmine.model.training.mixture import Mixture, slots
from pivotmine.model.training.networks import check_masking, merged, start, with_lora
from pivotmine.model.training.plan import Phase, Plan
from pivotmine.model.training.runs import TABLES, Run
from pivotmine.model.training.train import Job, train
from pivotmine.model.training.workers import make_accelerator

if TYPE_CHECKING:
    from accelerate import Accelerator

_LONGEST_WAIT_SECONDS = 30.0
"""Between two looks at runs that other processes have."""


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
    first = plan_start(plan, recipe.grid.seeds[0], progress.note)
    if recipe.training.mask_documents:
        check_masking(first.network, plan.streams[0].vocab_size)
    if accelerator.is_main_process:
        _say_registration(register(out, recipe.grid), progress)
    grid = _Grid(plan, accelerator, out, progress, {recipe.grid.seeds[0]: first.version})
    found = grid.run_all(first)
    tables = {name: [part[name] for part in found if name in part] for name in TABLES}
    grid_key = key(plan.identity(first.version, recipe.grid.seeds))
    summary = _summary(plan, first)
    if grid.accelerator.is_main_process:
        for name, parts in tables.items():
            write_table(out / f"{name}-{grid_key}.parquet", pa.concat_tables(parts))
        write_json(out / f"grid-{grid_key}.json", summary)
    return summary


def plan_start(plan: Plan, seed: int, say: Callable[[str], None]) -> LoadedModel:
    """The model that a seed's runs start from, which must fit all shards.

    Raises
    ------
    InputError, SetupError
        See `networks.start`.
    """
    recipe = plan.recipe
    return start(recipe.training, plan.streams, seed, say, recipe.model.trust_remote_code)


class _Grid(NamedTuple):
    """What all runs of a grid share."""

    plan: Plan
    accelerator: Accelerator
    out: Path
    progress: Progress
    versions: dict[int, str]
    """Seed -> version of the model that it starts from, as far as known."""

    def run_all(self, first: LoadedModel) -> list[dict[str, pa.Table]]:
        """The tables of all runs, in order, after training those that no process trains.

        Runs of other processes are waited for; if one of them dies, this one takes over.
        """
        seeds = self.plan.recipe.grid.seeds
        waiting = list(seeds)
        while waiting:
            held = [self._train_seed(seed, first if seed == seeds[0] else None) for seed in waiting]
            others = [run for run in held if run]
            waiting = [run.seed for run in others]
            if waiting and held == others:
                who = {holder(run.lease) for run in others} - {""}
                self.progress.note(
                    f"waiting for {len(waiting)} seeds: {', '.join(sorted(who)) or 'others'}"
                )
                time.sleep(min(self.plan.recipe.grid.lease_seconds / 3, _LONGEST_WAIT_SECONDS))
        return [run.tables() for seed in seeds for run in self._runs(seed)]

    def _train_seed(self, seed: int, model: LoadedModel | None) -> Run | None:
        """Train the runs of a seed that are missing; a run that another process has, if any."""
        held = None
        before: LoadedModel | None = None
        for run in self._runs(seed):
            if self._everywhere(run.is_finished):
                self._say_not_kept(run)
                continue
            is_base = run.phase.number == 0
            lease = self._lease(run)
            if self._everywhere(lease is None):
                held = held or run
                if is_base:
                    return held
                continue
            try:
                if before is None:
                    before = model or plan_start(self.plan, seed, self.progress.note)
                    if self.plan.base and not is_base:
                        before = _reloaded(before, self._runs(seed)[0].folder)
                self._train(run, before, lease)
            finally:
                if lease:
                    lease.give_back()
            if is_base:
                model, before = before, None
        return held

    def _runs(self, seed: int) -> list[Run]:
        """All runs of a seed, the base phase first."""
        plan, folder = self.plan, self.out / "runs"
        if seed not in self.versions:
            self.versions[seed] = plan_start(plan, seed, self.progress.note).version
        before = key(plan.identity(self.versions[seed], (seed,), arms=False))
        found = []
        if plan.base:
            found.append(Run(plan.base, seed, folder / f"{BASE}-s{seed}-{before}", True))
        for arm in plan.arms[seed]:
            run_key = key({"before": before, "arm": arm.content})
            name = f"{arm.name}-s{seed}-{run_key}"
            found.append(Run(arm, seed, folder / name, plan.recipe.grid.keep_models))
        return found

    def _lease(self, run: Run) -> Lease | None:
        """The main worker takes the lease of a run; it is that of all workers."""
        if not self.accelerator.is_main_process:
            return None
        return Lease.take(run.lease, self.plan.recipe.grid.lease_seconds)

    def _everywhere(self, value: bool) -> bool:
        """What the main worker sees, on all workers: they must decide alike."""
        if self.accelerator.num_processes == 1:
            return value
        from accelerate.utils import broadcast_object_list

        return bool(broadcast_object_list([value])[0])

    def _train(self, run: Run, model: LoadedModel, lease: Lease | None) -> None:
        """Train a run, unless another process finished it before the lease was ours."""
        if self._everywhere(run.is_finished):
            return
        phase, seed = run.phase, run.seed
        job = self._job(run, model)
        if lease:
            job = job._replace(check=lease.check)
        self.progress.start(f"{phase.name}, seed {seed}", job.n_steps * job.config.step_tokens)
        network = with_lora(copy.deepcopy(model.network), job.config.lora_rank, seed)
        trained = train(self.accelerator, network, job)
        self.progress.note(run.line(trained.losses))
        if lease:
            lease.check()
            run.write(trained)
            for old in checkpoints(run.folder):
                shutil.rmtree(old)
        self.accelerator.wait_for_everyone()

    def _say_not_kept(self, run: Run) -> None:
        if run.keep and not (run.folder / "model").exists():
            self.progress.note(
                f"{run.phase.name}, seed {run.seed}: its model was not kept when it was trained; "
                f"delete {run.folder} to train it again"
            )

    def _job(self, run: Run, model: LoadedModel) -> Job:
        phase, seed, folder, keep = run
        config, grid = self.plan.recipe.training, self.plan.recipe.grid
        n_sequences = phase.n_steps * config.batch_sequences
        packings = [
            Packing(stream, config.sequence_tokens, (seed, phase.number))
            for stream in phase.streams
        ]

        def save(whole: Any) -> None:
            merged(whole).save_pretrained(folder / "model")
            if model.tokenizer is not None:
                model.tokenizer.save_pretrained(folder / "model")

        return Job(
            Mixture(packings, slots(phase.placements, n_sequences, phase.replay)),
            config,
            seed,
            folder,
            self._evaluations(model),
            _evaluation_steps(phase, grid),
            self.progress.advance,
            self.progress.note,
            save if keep else None,
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


def _say_registration(line: Registration, progress: Progress) -> None:
    if not line.declared["contrasts"]:
        return
    when = f"after {line.n_finished} runs of arms" if line.n_finished else "before the first run"
    progress.note(f"contrasts registered {line.date}, {when} ({line.key})")


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
