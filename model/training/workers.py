"""accelerate, set up for one process or several."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from pivotmine.errors import ConfigError
from pivotmine.model.config.training import TrainingConfig

if TYPE_CHECKING:
    from accelerate import Accelerator


def make_accelerator(config: TrainingConfig, device: str = "auto") -> Accelerator:
    """The accelerator that all runs of a process share.

    `device` is auto (GPUs, where there are any) or cpu. The launcher decides which GPU a worker
    has.

    Raises
    ------
    ConfigError
        Another device is named, the launcher splits the model over workers, the workers do not find
        one another, the batches of a step do not divide among them, or there is one worker to
        divide a model among.
    """
    import torch
    from accelerate import Accelerator
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # it shows a bar for every file of weights
    # accelerate warns at every checkpoint that tied weights are stored once, which loses nothing.
    logging.getLogger("accelerate.utils.other").setLevel(logging.ERROR)
    if device not in ("auto", "cpu"):
        raise ConfigError(
            f"model.device={device}: training takes the GPUs that it is given; set auto and choose "
            "them with CUDA_VISIBLE_DEVICES or torchrun, or set cpu"
        )
    accelerator = Accelerator(
        mixed_precision="bf16" if config.precision == "bf16" else "no",
        # Without GPUs and without this, each worker would train all of it alone.
        cpu=device == "cpu" or not torch.cuda.is_available(),
    )
    check_launcher(accelerator.distributed_type)
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched != accelerator.num_processes:
        raise ConfigError(
            f"the launcher started {launched} workers (WORLD_SIZE), but accelerate has "
            f"{accelerator.num_processes}: set model.device=cpu to train on CPUs, or give every "
            "worker a GPU"
        )
    n_micro = config.batch_sequences // config.micro_sequences
    if n_micro % accelerator.num_processes:
        raise ConfigError(
            f"training.batch_sequences / training.micro_sequences = {n_micro} batches a step do "
            f"not divide among {accelerator.num_processes} workers: lower micro_sequences"
        )
    if config.sharding.mode == "full" and accelerator.num_processes == 1:
        raise ConfigError(
            "training.sharding.mode=full divides the model among workers, and there is one: start "
            "with torchrun --nproc_per_node=N, or set it to none"
        )
    return accelerator


def check_launcher(distributed: str) -> None:
    """Raise `ConfigError` if accelerate would divide the model; a setting of ours does that."""
    if distributed in ("FSDP", "DEEPSPEED", "MEGATRON_LM"):
        raise ConfigError(
            f"accelerate is set up for {distributed}: start with torchrun, and set "
            "training.sharding.mode=full to divide the model among workers"
        )
