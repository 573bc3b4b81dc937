"""lm-eval's tasks on local files, and chrF: the paths of XNLI, XCOPA, Belebele and FLORES."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from pivotmine.errors import InputError
from pivotmine.model.losses.pairs import Pair

pytest.importorskip("torch")


def write_tasks(folder: Path) -> None:
    """Two tasks of one's own, in lm-eval's format: two choices as XCOPA, and a yes or no."""
    folder.mkdir()
    items = [
        {"premise": "the dog", "choices": ["milk", "bread"], "label": 0},
        {"premise": "the cat", "choices": ["moon", "sun"], "label": 1},
        {"premise": "le chien", "choices": ["lait", "pain"], "label": 1},
    ]
    (folder / "items.jsonl").write_bytes(b"\n".join(orjson.dumps(item) for item in items))
    published = {"question": "cause", "choice1": "月亮", "choice2": "太阳", "label": 1}
    (folder / "xcopa_zh.jsonl").write_bytes(
        b"\n".join(orjson.dumps({"premise": premise, **published}) for premise in ("狗", "猫"))
    )
    common = {
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"validation": "items.jsonl"}},
        "validation_split": "validation",
        "output_type": "multiple_choice",
        "doc_to_target": "label",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }
    for name, rest in {
        "local_copa": {"doc_to_text": "{{premise}}", "doc_to_choice": "{{choices}}"},
        "local_nli": {"doc_to_text": "{{premise}}?", "doc_to_choice": ["yes", "no"]},
    }.items():
        text = yaml.safe_dump({"task": name, **common, **rest})
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def model() -> Any:
    from tests.model.conftest import byte_tokenizer, loaded

    tokenizer = byte_tokenizer()
    tokenizer.add_special_tokens({"eos_token": "</s>"})
    return loaded("llama", tokenizer)


def test_benchmarks_run_on_local_files_through_lm_eval(model, tmp_path: Path):
    pytest.importorskip("lm_eval")
    from pivotmine.model.evaluation.harness import Benchmarks

    write_tasks(tmp_path / "tasks")
    before = Path.cwd()
    tasks, folder = ("local_copa", "local_nli", "xcopa_zh"), str(tmp_path / "tasks")
    found = Benchmarks(tasks=tasks, task_folder=folder).evaluate(model, None, {})
    assert Path.cwd() == before
    sizes = {name: one["n"] for name, one in found.items()}
    assert sizes == {"local_copa": 3, "local_nli": 3, "xcopa_zh": 2}
    assert found["local_copa"]["acc"] in [pytest.approx(n / 3) for n in range(4)]
    assert found["local_nli"]["version"] == 1.0
    with pytest.raises(InputError, match="has no task no_such_task"):
        Benchmarks(tasks=("no_such_task",), task_folder=folder).evaluate(model, None, {})


def test_chrf_scores_the_text_up_to_the_end_of_the_line(model):
    pytest.importorskip("sacrebleu")
    from pivotmine.model.evaluation.translation import Translation, translate

    pairs = {"en-fr": [Pair("dog", "chien"), Pair("cat", "chat"), Pair("moon", "lune")]}
    said = translate(model, pairs["en-fr"][:1], pairs["en-fr"][1])
    assert "\n" not in said
    found = Translation(n_shots=1).evaluate(model, None, pairs)["en-fr"]
    assert found["n"] == 2
    assert 0 <= found["chrf"] < 60, "random weights translate nothing"
    assert "chrF2" in found["signature"] or "nc:6" in found["signature"]
    with pytest.raises(InputError, match="all 3 pairs are examples"):
        Translation(n_shots=3).check(model, None, pairs)
