"""Settings of the torch side, and its command line."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pivotmine import __version__
from pivotmine.errors import ConfigError
from pivotmine.model.cli import app, main
from pivotmine.model.config.recipe import ModelRecipe, load_model_recipe
from pivotmine.model.progress import progress_bar
from pivotmine.recipe import Section


def test_overrides_reach_their_setting():
    recipe = load_model_recipe(None, ["scoring.n_draws=2", "scoring.directions=[en-fr]"])
    assert (recipe.scoring.n_draws, recipe.scoring.directions) == (2, ("en-fr",))
    assert load_model_recipe() == ModelRecipe()


def test_a_recipe_is_read_and_overridden(tmp_path: Path):
    file = tmp_path / "recipe.yaml"
    file.write_text("scoring: {n_draws: 3, n_shots: 2}\n", encoding="utf-8")
    recipe = load_model_recipe(str(file), ["scoring.n_shots=1"])
    assert (recipe.scoring.n_draws, recipe.scoring.n_shots) == (3, 1)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("scoring.n_drawz=2", "scoring.n_drawz: unknown setting; did you mean 'n_draws'"),
        ("scorin.n_draws=2", "scorin: unknown setting; did you mean 'scoring'"),
        ("scoring.n_draws=0", "scoring.n_draws: Input should be greater than 0"),
        ("words.train_share=0.9", "leave something for the test split"),
        ("training.micro_sequences=5", "must be a multiple of micro_sequences"),
        ("training.shape={n_heads: 3}", "even multiple of n_heads"),
        ("grid.seeds=[1, 1]", "seeds must differ"),
        ("grid.languages={en: 0.4, fr: 0.4}", "languages must sum to 1, these sum to 0.8"),
        ("grid.arms=[{name: a, streams: [{shards: x, window: 0.5}]}]", "early and late streams"),
        ("n_draws=2", "n_draws: unknown setting; allowed: plugins, words"),
        ("scoring.n_draws", "write it as dotted.name=value"),
    ],
)
def test_a_wrong_setting_is_explained(override: str, message: str):
    overrides = [override] + (["words.dev_share=0.2"] if "train" in override else [])
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        load_model_recipe(None, overrides)


def test_a_missing_recipe_is_named():
    with pytest.raises(ConfigError, match=r"recipe not found: nowhere\.yaml"):
        load_model_recipe("nowhere.yaml")


def test_every_setting_is_documented():
    for name, setting in ModelRecipe.model_fields.items():
        section = type(getattr(ModelRecipe(), name))
        if not issubclass(section, Section):
            assert setting.description, name
            continue
        assert section.__doc__
        assert all(field.description for field in section.model_fields.values()), name


def test_the_settings_are_printed_as_a_recipe_that_reads_back_the_same(tmp_path: Path):
    shown = CliRunner().invoke(app, ["config", "--set", "grid.seeds=[4]"]).output
    file = tmp_path / "recipe.yaml"
    file.write_text(shown, encoding="utf-8")
    assert load_model_recipe(str(file)) == load_model_recipe(None, ["grid.seeds=[4]"])


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_lists_the_commands(arguments: list[str]):
    shown = CliRunner().invoke(app, arguments).output
    assert {"words", "score", "evaluate", "--version"} <= set(shown.split())


def test_the_version_is_that_of_the_package():
    shown = CliRunner().invoke(app, ["--version"])
    assert shown.exit_code == 0
    assert shown.output == f"pivotmine-model {__version__}\n"


def test_errors_are_one_message_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    command = ["pivotmine-model", "score", "gemma3-270m", "--words", str(tmp_path / "nowhere")]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "build one with `pivotmine-model words`" in capsys.readouterr().err


def test_scoring_writes_a_table_and_files(small_words, tmp_path: Path):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from pivotmine.model.words.dataset import save
    from tests.model.conftest import loaded, metaspace_tokenizer

    model = loaded("llama", metaspace_tokenizer(small_words))
    model.network.save_pretrained(tmp_path / "model")
    model.tokenizer.save_pretrained(tmp_path / "model")
    save(small_words, tmp_path / "words", {})
    settings = [
        part
        for setting in ("directions=[en-fr]", "n_draws=1", "n_shots=2", "n_resamples=20")
        for part in ("--set", f"scoring.{setting}")
    ]
    result = CliRunner().invoke(
        app,
        [
            "score",
            str(tmp_path / "model"),
            "--words",
            str(tmp_path / "words"),
            "--out",
            str(tmp_path / "out"),
            *settings,
        ],
    )
    assert result.exit_code == 0, result.output
    assert "en-fr" in result.output
    assert len(list((tmp_path / "out").glob("scores-*.json"))) == 1


def test_a_log_gets_a_line_now_and_then_instead_of_a_bar(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    seconds = iter(range(0, 1000, 20))
    monkeypatch.setattr("pivotmine.model.progress.time.monotonic", lambda: next(seconds))
    with progress_bar(Console(file=stream, width=40)) as progress:
        progress.start("arm a, seed 0", 1000)
        for _ in range(4):
            progress.advance(250)
        progress.note("done")
    assert stream.getvalue().splitlines() == [
        "arm a, seed 0: begins",
        "arm a, seed 0: 500 of 1,000, 1 min left",
        "arm a, seed 0: 1,000 of 1,000, 0 min left",
        "done",
    ]
