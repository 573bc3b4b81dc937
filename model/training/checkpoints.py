"""Checkpoints of a run.

A checkpoint is a folder `checkpoint-<step>/` with the weights that are trained (of a low-rank run
these are the changes alone), the optimizers, the generators of every worker, and the tables so far.
Its files are flushed to the disk before the folder gets its name, so a folder of that name is
whole. The last two are kept: if the last one is damaged, the run goes on from the one before. All
workers go on from the same one.

Weights and optimizers are in two files of torch (`WholeState`), or, where the model is divided
among workers, in files of each worker (`sharded_checkpoints.py`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pyarrow as pa

from pivotmine.errors import InputError
from pivotmine.model.results import read_table, write_table
from pivotmine.model.training.generators import generators, restore

if TYPE_CHECKING:
    from accelerate import Accelerator

KEPT = 2
"""Checkpoints that are kept."""

LOSSES = pa.schema(
    [
        pa.field("step", pa.int32()),  # from 1
        pa.field("tokens", pa.int64()),  # trained on so far
        pa.field("loss", pa.float64()),  # nats a token, mean of the step
        pa.field("learning_rate", pa.float64()),
        pa.field("gradient_norm", pa.float64()),
        pa.field("seconds", pa.float64()),  # of the step, without evaluation and checkpoint
        pa.field("mfu", pa.float64()),  # share of the devices' peak; null where that is not known
    ]
)

EVALUATIONS = pa.schema(
    [
        pa.field("step", pa.int32()),  # 0: before the first
        pa.field("tokens", pa.int64()),
        pa.field("kind", pa.string()),  # word, pair (aligned segments) or heldout (a text)
        pa.field("name", pa.string()),  # direction, or name of the text
        pa.field("concept", pa.string()),  # for pairs: number of the pair in its direction
        pa.field("contrast", pa.float32()),  # nats; for pairs: worth of the source, nats a token
        pa.field("accuracy_source", pa.float32()),
        pa.field("mrr_source", pa.float32()),
        pa.field("loss", pa.float32()),  # nats a token, of held-out text or of a target segment
    ]
)

Rows = list[dict[str, Any]]


class Done(NamedTuple):
    """What a run has done so far."""

    losses: Rows
    """Rows of `LOSSES`."""
    evaluations: Rows
    """Rows of `EVALUATIONS`."""
    step: int


class State(Protocol):
    """Weights and optimizers of a run, as they are kept in a checkpoint."""

    def write(self, folder: Path, finish: Callable[[], None]) -> None:
        """Write into `folder`; all workers call this. `finish` is called once, on the main worker,
        when all have written."""

    def read(self, folder: Path) -> Callable[[], None]:
        """Read all of it before anything is changed; the result changes the network.

        Raises
        ------
        InputError
            A file is missing or damaged. The message names it.
        """

    def wait(self) -> None:
        """Return when everything has been written."""


def save(accelerator: Accelerator, state: State, folder: Path, done: Done) -> None:
    """Write a checkpoint and drop the oldest; all workers call this."""
    import torch

    state.wait()
    target, partial = folder / f"checkpoint-{done.step:08d}", folder / ".partial"
    if accelerator.is_main_process:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    accelerator.wait_for_everyone()
    torch.save(generators(), partial / f"generators-{accelerator.process_index}.pt")
    if accelerator.is_main_process:
        for name, rows, schema in (
            ("losses", done.losses, LOSSES),
            ("evaluations", done.evaluations, EVALUATIONS),
        ):
            write_table(partial / f"{name}.parquet", pa.Table.from_pylist(rows, schema=schema))
    state.write(partial, lambda: _finish(partial, target))


def _finish(partial: Path, target: Path) -> None:
    """Give a checkpoint its name, when all of it is on the disk."""
    for path in (*partial.rglob("*"), partial):
        _flush(path)
    shutil.rmtree(target, ignore_errors=True)  # a damaged one of the same step
    partial.replace(target)
    _flush(target.parent)
    for old in checkpoints(target.parent)[:-KEPT]:
        shutil.rmtree(old)


def resume(
    accelerator: Accelerator,
    state: State,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Done:
    """Load the last checkpoint that all workers can read; `say` is told of those that cannot.

    Raises
    ------
    InputError
        There are checkpoints, and none of them can be read.
    """
    errors: list[str] = []
    for checkpoint in reversed(checkpoints(folder)):
        failure, apply = "", None
        try:
            done, apply = _read_all(accelerator, state, checkpoint)
        except InputError as error:
            failure = str(error)
        failures = [one for one in _of_all(accelerator, failure) if one]
        if apply and not failures:
            apply()
            return done
        errors += failures[:1]
        say(f"{errors[-1]}; going on from the checkpoint before")
    if errors:
        raise InputError(f"{errors[0]}; delete {folder} to train this run from its beginning")
    return Done([], [], 0)


def _read_all(
    accelerator: Accelerator, state: State, checkpoint: Path
) -> tuple[Done, Callable[[], None]]:
    """What a checkpoint says was done, and the function that goes on from there.

    Raises
    ------
    InputError
        A file is missing or damaged. The message names it.
    """
    # Workers read the state together, so none may give up before it.
    change = state.read(checkpoint)
    states = read_file(checkpoint / f"generators-{accelerator.process_index}.pt", "cpu")
    tables = [read_table(checkpoint / f"{name}.parquet") for name in ("losses", "evaluations")]
    if None in tables:
        raise InputError(f"{checkpoint} lacks losses.parquet or evaluations.parquet")
    losses, evaluations = (table.to_pylist() for table in tables if table is not None)

    def apply() -> None:
        change()
        restore(states)

    return Done(losses, evaluations, int(checkpoint.name.rpartition("-")[2])), apply


def _of_all(accelerator: Accelerator, value: str) -> list[str]:
    """A text of every worker, on every worker."""
    from accelerate.utils import gather_object

    return [value] if accelerator.num_processes == 1 else list(gather_object([value]))


class WholeState:
    """The state of a network that every worker holds whole; the main worker writes it."""

    def __init__(self, accelerator: Accelerator, network: Any, chosen: list[Any]) -> None:
        self._accelerator, self._network, self._chosen = accelerator, network, chosen

    def write(self, folder: Path, finish: Callable[[], None]) -> None:
        import torch

        if self._accelerator.is_main_process:
            torch.save(self._trained(), folder / "weights.pt")
            torch.save([one.state_dict() for one in self._chosen], folder / "optimizer.pt")
        self._accelerator.wait_for_everyone()
        if self._accelerator.is_main_process:
            finish()
        self._accelerator.wait_for_everyone()

    def read(self, folder: Path) -> Callable[[], None]:
        weights = read_file(folder / "weights.pt", self._accelerator.device)
        states = read_file(folder / "optimizer.pt", self._accelerator.device)
        own = self._trained()
        if {name: value.shape for name, value in weights.items()} != {
            name: value.shape for name, value in own.items()
        }:
            raise InputError(f"{folder / 'weights.pt'} holds the weights of another model")

        def change() -> None:
            bare = self._accelerator.unwrap_model(self._network)
            bare.load_state_dict(weights, strict=False)
            for optimizer, state in zip(self._chosen, states, strict=True):
                optimizer.load_state_dict(state)

        return change

    def wait(self) -> None:
        """Nothing is written later."""

    def _trained(self) -> dict[str, Any]:
        """The weights that training changes, and the buffers."""
        bare = self._accelerator.unwrap_model(self._network)
        named = bare.named_parameters(remove_duplicate=False)
        frozen = {name for name, weight in named if not weight.requires_grad}
        return {name: value for name, value in bare.state_dict().items() if name not in frozen}


def read_file(path: Path, device: Any) -> Any:
    """What torch has saved in a file.

    Raises
    ------
    InputError
        The file is missing or damaged. The message names it.
    """
    import torch

    try:
        return torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise InputError(
            f"{path} is missing: the checkpoint is damaged, or was written by fewer workers"
        ) from None
    except Exception as error:  # a cut or changed file raises errors of many types
        raise InputError(f"{path} cannot be read ({type(error).__name__})") from None


def _flush(path: Path) -> None:
    """Have a file's or a folder's content written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checkpoints(folder: Path) -> list[Path]:
    """Folders of all checkpoints, the oldest first."""
    return sorted(folder.glob("checkpoint-*"))
