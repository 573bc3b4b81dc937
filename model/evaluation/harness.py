"""Benchmarks through lm-eval's own tasks: XNLI, XCOPA, Belebele and any other that it has.

A benchmark that is implemented again gives numbers that do not compare. So tasks, prompts and
metrics are lm-eval's. This module hands it the model and, without a network, the data: a folder in
which `xcopa_zh.jsonl` (or .parquet) replaces the data set of lm-eval's task xcopa_zh, with the same
columns. The folder may also hold definitions of further tasks (YAML, in lm-eval's format), with
`data_files` relative to it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from pivotmine import plugins
from pivotmine.errors import InputError
from pivotmine.model.config.evaluation import BenchmarkOptions
from pivotmine.model.evaluation.base import EXTRA, Evaluation, Pairs, Row
from pivotmine.model.load import LoadedModel, require
from pivotmine.model.words.dataset import WordSet

BATCH = 8
"""Items that the model reads at once."""


@plugins.evaluation("benchmarks")
class Benchmarks(Evaluation, BenchmarkOptions):
    """Benchmarks by their names in lm-eval."""

    title: ClassVar[str] = "lm-eval"
    needs: ClassVar[str] = "evaluation.tasks"

    def is_asked(self, words: WordSet | None, pairs: Pairs) -> bool:
        return bool(self.tasks)

    def check(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> None:
        require("lm_eval", extra=EXTRA)

    def evaluate(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> dict[str, Any]:
        """Task -> its metrics, as lm-eval names them (`acc`, `acc_stderr`), with its version.

        Raises
        ------
        InputError
            A task is unknown, or its data cannot be read.
        """
        folder, tasks = Path(self.task_folder) if self.task_folder else None, self.tasks
        with _at(folder), tempfile.TemporaryDirectory() as made:
            from lm_eval import simple_evaluate
            from lm_eval.models.huggingface import HFLM
            from lm_eval.tasks import TaskManager

            manager = TaskManager(include_path="." if folder else None)
            unknown = [name for name in tasks if not manager.match_tasks([name])]
            if unknown:
                raise InputError(
                    f"lm-eval has no task {', '.join(unknown)}; `lm-eval ls tasks` lists all, "
                    "and evaluation.task_folder may hold definitions of further ones"
                )
            named = (
                [_with_data(name, manager, Path(made)) for name in tasks] if folder else [*tasks]
            )
            asked = HFLM(pretrained=model.network, tokenizer=model.tokenizer, batch_size=BATCH)
            try:
                found = simple_evaluate(
                    asked,
                    tasks=named,
                    task_manager=manager,
                    limit=self.task_limit or None,
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

    @staticmethod
    def rows(found: Mapping[str, Any]) -> list[Row]:
        return [Row("lm-eval", task, _floats(metrics)) for task, metrics in found.items()]


def _floats(metrics: Mapping[str, Any]) -> str:
    floats = (f"{name} {value:.3f}" for name, value in metrics.items() if isinstance(value, float))
    return ", ".join(floats)


def _with_data(name: str, manager: Any, made: Path) -> str:
    """The task's name, or a definition that reads its data from a file in the working folder.

    lm-eval accepts the path of a definition as a task. A definition that includes lm-eval's own
    changes only the data.
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
    """Work offline in the folder: lm-eval reads `data_files` relative to the working folder."""
    if folder is None:
        yield
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder of task definitions")
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
