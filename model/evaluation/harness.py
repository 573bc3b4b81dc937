"""Benchmarks through lm-eval's own tasks: XNLI, XCOPA, Belebele, and what else it knows.

A benchmark that is written down once more is another benchmark. So tasks, prompts and metrics are
lm-eval's; all that happens here is to hand it the model and, where there is no network, the data: a
folder in which `xcopa_zh.jsonl` (or .parquet) stands for the data set of lm-eval's task xcopa_zh,
with the same columns. Definitions of further tasks (YAML, in lm-eval's format) may lie beside them,
with `data_files` relative to that folder.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pivotmine.errors import InputError
from pivotmine.model.load import require

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel


def benchmarks(
    model: LoadedModel,
    tasks: Sequence[str],
    folder: Path | None = None,
    limit: int = 0,
    batch: int = 8,
) -> dict[str, dict[str, Any]]:
    """Task -> its metrics, as lm-eval names them (`acc`, `acc_stderr`, ...), with its version.

    Parameters
    ----------
    tasks
        Names that lm-eval knows (`xcopa_zh`, `belebele_fra_Latn`), or of tasks in `folder`.
    folder
        Data of tasks, and further task definitions (YAML); with it nothing is fetched.
    limit
        Ask this many items of each task; 0: all.

    Raises
    ------
    InputError
        A task is unknown, or its data cannot be read.
    SetupError
        lm-eval is not installed.
    """
    require("lm_eval", extra="benchmarks")
    with _at(folder), tempfile.TemporaryDirectory() as made:
        from lm_eval import simple_evaluate
        from lm_eval.models.huggingface import HFLM
        from lm_eval.tasks import TaskManager

        manager = TaskManager(include_path="." if folder else None)
        unknown = [name for name in tasks if not manager.match_tasks([name])]
        if unknown:
            raise InputError(
                f"lm-eval knows no task {', '.join(unknown)}; `lm-eval ls tasks` lists its own, "
                "definitions of others are YAML files in the folder of --tasks"
            )
        asked = HFLM(pretrained=model.network, tokenizer=model.tokenizer, batch_size=batch)
        try:
            found = simple_evaluate(
                asked,
                tasks=[_with_data(name, manager, Path(made)) for name in tasks]
                if folder
                else [*tasks],
                task_manager=manager,
                limit=limit or None,
                bootstrap_iters=1000,
                verbosity="ERROR",
            )
        except (OSError, ValueError) as error:
            raise InputError(f"lm-eval cannot run {', '.join(tasks)}: {error}") from error
    return {
        name: {
            "version": found["versions"].get(name),
            "n": found["n-samples"].get(name, {}).get("effective"),
            **{metric.partition(",")[0]: value for metric, value in values.items()},
        }
        for name, values in found["results"].items()
    }


def _with_data(name: str, manager: Any, made: Path) -> str:
    """A task whose data are read from its file in the folder at hand, if there is one.

    lm-eval takes a definition's path for a task, and one that includes its own changes just that.
    """
    definition = manager.task_index[name].yaml_path if name in manager.task_index else None
    for file, kind in ((Path(f"{name}.jsonl"), "json"), (Path(f"{name}.parquet"), "parquet")):
        if definition and file.exists():
            splits = dict.fromkeys(("train", "validation", "test"), str(file.absolute()))
            changed = {
                "include": str(definition),
                "task": name,
                "dataset_path": kind,
                "dataset_name": None,
                "dataset_kwargs": {"data_files": splits},
            }
            target = made / f"{name}.yaml"
            target.write_text(yaml.safe_dump(changed), encoding="utf-8")
            return str(target)
    return name


@contextlib.contextmanager
def _at(folder: Path | None) -> Iterator[None]:
    """Work in the folder, offline: lm-eval reads relative `data_files` from where it is run."""
    if folder is None:
        yield
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of task definitions")
    names = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
