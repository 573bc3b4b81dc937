"""The state of a model that is divided among workers, written beside training.

Every worker writes its own part (torch.distributed.checkpoint). What is to be written is first
copied into the memory of the host, 12 bytes a weight over all workers; training goes on while a
thread writes it. Parts are read by any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pivotmine.errors import InputError, ModelError

if TYPE_CHECKING:
    from accelerate import Accelerator

PARTS = "parts"
"""Folder of a checkpoint with the files of all workers."""


class ShardedState:
    """Weights and optimizers that are DTensors."""

    def __init__(self, accelerator: Accelerator, network: Any, chosen: list[Any]) -> None:
        import torch

        self._is_main = accelerator.is_main_process
        self._network, self._chosen = network, chosen
        # A group of its own: training's messages must not be mixed with those of the thread.
        self._group = torch.distributed.new_group(backend="gloo")
        self._thread = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None

    def write(self, folder: Path, finish: Callable[[], None]) -> None:
        from torch.distributed import checkpoint

        model, optimizers = self._states()
        # The main worker's part is done when those of all workers are.
        written = checkpoint.async_save(
            {"model": model, "optimizers": optimizers},
            checkpoint_id=str(folder / PARTS),
            process_group=self._group,
        )

        def end() -> None:
            written.result()
            if self._is_main:
                finish()

        self._pending = self._thread.submit(end)

    def read(self, folder: Path) -> Callable[[], None]:
        from torch.distributed import checkpoint
        from torch.distributed.checkpoint.state_dict import set_state_dict

        model, optimizers = self._states()
        try:
            checkpoint.load(
                {"model": model, "optimizers": optimizers},
                checkpoint_id=str(folder / PARTS),
                process_group=self._group,
            )
        except _errors() as error:  # a missing, cut or changed file raises errors of many types
            raise InputError(f"{folder / PARTS} cannot be read ({_reason(error)})") from None

        def change() -> None:
            set_state_dict(
                self._network,
                self._chosen,
                model_state_dict=model,
                optim_state_dict=optimizers,
                options=_options(),
            )

        return change

    def wait(self) -> None:
        """Return when everything has been written.

        Raises
        ------
        ModelError
            It could not be written.
        """
        if self._pending:
            try:
                self._pending.result()
            except _errors() as error:
                raise ModelError(f"a checkpoint cannot be written: {_reason(error)}") from error
            self._pending = None

    def _states(self) -> tuple[dict[str, Any], dict[str, Any]]:
        from torch.distributed.checkpoint.state_dict import get_state_dict

        model, optimizers = get_state_dict(self._network, self._chosen, options=_options())
        return dict(model), dict(optimizers)


def _errors() -> tuple[type[BaseException], ...]:
    """What torch.distributed.checkpoint raises; its own error is no `Exception`."""
    from torch.distributed.checkpoint.api import CheckpointException

    return (Exception, CheckpointException)


def _reason(error: BaseException) -> str:
    """The first cause among workers, in one line."""
    for worker, (cause, _) in sorted(getattr(error, "failures", {}).items()):
        said = str(cause).strip().partition("\n")[0].partition(". ")[0]
        return f"worker {worker}: {type(cause).__name__} {said}".strip()
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _options() -> Any:
    from torch.distributed.checkpoint.state_dict import StateDictOptions

    return StateDictOptions(ignore_frozen_params=True, strict=False)
