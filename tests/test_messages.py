"""What a user does wrong, or stops, ends in one line that says what to do, and its status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pivotmine import api
from pivotmine.cli.road import STRONGEST_TRANSLATIONS
from pivotmine.engine.display import Report
from pivotmine.engine.stage import Tally
from pivotmine.errors import ConfigError, InputError
from pivotmine.lake.lake import Lake
from pivotmine.model import cli as model_cli
from pivotmine.recipe.reading import load_recipe
from pivotmine.text.tokenizer import read_tokenizer_file
from tests.handmade import cli, link, make_lake, settings, word

CHAT, CAT, CAT_ZH, SCHOOL, ZH, JANE = range(6)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """French chat and école with English cat, Chinese 猫, a name, and a token that is a code."""
    return make_lake(
        tmp_path_factory.mktemp("messages") / "lake",
        vocabulary=[
            *(word(CHAT, "▁chat", "fr"), word(CAT, "▁cat", "en"), word(CAT_ZH, "猫", "zh")),
            *(word(SCHOOL, "▁école", "fr"), word(ZH, "zh", "en", "fr"), word(JANE, "▁Jane", "en")),
        ],
        links=[
            link(CAT, "en", CHAT, "fr", 0.9, token_a="▁cat", token_b="▁chat"),
            link(CAT, "en", SCHOOL, "fr", 0.1, token_a="▁cat", token_b="▁école"),
            link(JANE, "en", JANE, "fr", 1.0, is_copy=True, token_a="▁Jane", token_b="▁Jane"),
        ],
    )


def refused(*arguments: str) -> str:
    """The one line with which a command ends that is refused."""
    status, _, err = cli(*arguments)
    assert status == 2
    assert err.startswith("error: ")
    assert "Traceback" not in err
    return err.strip()


# ---- Ctrl-C


def stop(*arguments: Any, **named: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("command", [("run",), ("takedown", "crawl-1"), ("status",)])
def test_ctrl_c_is_one_line_and_status_130(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
):
    monkeypatch.setattr("pivotmine.engine.runner.run_stages", stop)
    monkeypatch.setattr("pivotmine.recipe.reading.load_recipe", stop)
    status, out, err = cli(*command, *settings(lake))
    assert (status, out, err) == (130, "", "interrupted, run again to go on\n")


def test_ctrl_c_ends_the_other_program_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("pivotmine.model.config.recipe.load_model_recipe", stop)
    monkeypatch.setattr("pivotmine.model.commands.words.load_model_recipe", stop, raising=False)
    monkeypatch.setattr(sys, "argv", ["pivotmine-model", "config"])
    with pytest.raises(SystemExit) as ended:
        model_cli.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted, run again to go on\n"


def test_what_fails_after_ctrl_c_is_no_other_error(lake: Lake, monkeypatch: pytest.MonkeyPatch):
    def fail(*arguments: Any, **named: Any) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("the connection was closed")

    monkeypatch.setattr("pivotmine.engine.runner.run_stages", fail)
    assert cli("run", *settings(lake)) == (130, "", "interrupted, run again to go on\n")


# ---- runs


def test_a_stage_given_as_an_argument_is_told_the_options():
    assert refused("run", "count") == (
        "error: `run count` is not known. Write `run --only count` for this stage alone, or "
        "`run --until count` for it and those before it."
    )


@pytest.mark.parametrize(("n_documents", "n_rejected", "fails"), [(0, 2, True), (1, 2, False)])
def test_a_run_without_any_document_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_documents: int, n_rejected: int, fails: bool
):
    tally = Tally(n_documents + n_rejected, n_documents, n_rejected)
    report = Report("ingest", False, tally, {"documents": n_documents, "rejects": n_rejected}, 1.0)
    monkeypatch.setattr("pivotmine.engine.runner.run_stages", lambda *_, **__: [report])
    recipe = load_recipe(overrides=[f"lake.warehouse={tmp_path}"])
    if not fails:
        assert api.run(recipe) == [report]
        return
    with pytest.raises(InputError, match=r"all 2 were refused.*`pivotmine rejects`.*text_column"):
        api.run(recipe)


@pytest.mark.parametrize("command", ["init s3://bucket/a.jsonl", "tables -c s3://bucket/r.yaml"])
def test_a_store_whose_package_is_missing_is_named(command: str):
    without = "import sys; sys.modules['s3fs'] = None; from pivotmine.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, *command.split()], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert (
        "package s3fs is not installed. pip install '.[s3]' in a checkout of PivotMine"
        in done.stderr
    )
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"# A page\n", b'{"model": 1}', b"{"])
def test_a_file_that_is_no_tokenizer_is_refused_without_words_of_a_library(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "tokenizer").write_bytes(content)
    with pytest.raises(ConfigError, match="neither a sentencepiece model nor a Hugging Face") as no:
        read_tokenizer_file(str(tmp_path / "tokenizer"))
    assert [word for word in (".cc", "src/", "proto") if word in str(no.value)] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[en]", "languages: needs at least 2 entries, and has 1"),
        ("[english, fr]", "languages.0: is no code of a language; did you mean en?"),
        ("[no, en]", "YAML reads the word no as false; write 'no' in quotes, for Norwegian"),
    ],
)
def test_a_wrong_list_of_languages_is_told_the_right_one(value: str, said: str):
    message = refused("config", "--set", f"languages={value}")
    assert said in message
    assert len(message.splitlines()) == 3, "and nothing else"


# ---- files to write


@pytest.mark.parametrize(
    "command",
    [
        *(("arms", "--html"), ("lexicon", "--export"), ("rejects", "--export")),
        *(("evaluate", "links", "cedict:", "--plot"), ("init", "*.jsonl", "--out")),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, command: tuple[str, ...]
):
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / "below" / "page.html")
    said = refused(*command, place)
    assert said.startswith(f"error: {place} cannot be written (")
    assert "name a place where you may write" in said


@pytest.mark.parametrize("command", [("report",), ("compare", "grid"), ("lexicon",)])
def test_the_other_program_tries_its_outputs_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
):
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / "page.html")
    with pytest.raises(InputError, match=r"page\.html cannot be written"):
        CliRunner().invoke(model_cli.app, [*command, "--out", place], catch_exceptions=False)


def test_a_folder_is_no_file_to_write(tmp_path: Path):
    assert "is a folder; name a file in it" in refused("arms", "--html", str(tmp_path))


def test_a_file_keeps_its_content_until_it_is_overwritten(lake: Lake, tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text("before")
    assert cli("arms", "--html", str(page), "--set", "lake.warehouse=/nowhere").status == 2
    assert page.read_text() == "before"
    assert cli("lexicon", "--export", str(tmp_path / "new" / "words.tsv")).status == 2
    assert list((tmp_path / "new").iterdir()) == []


# ---- words


@pytest.mark.parametrize(
    "asked", ["chat", "FR:chat", "fr：chat", "fr: chat", "ｆｒ：ｃｈａｔ", " chat ", '"fr: chat"']
)
def test_a_word_is_found_however_it_is_typed(lake: Lake, asked: str):
    status, out, err = cli("links", asked, *settings(lake))
    assert (status, err) == (0, "")
    assert "▁cat" in out or "0.90" in out


def test_a_decomposed_word_is_found(lake: Lake):
    out = cli("links", "e\N{COMBINING ACUTE ACCENT}cole", *settings(lake), "-f", "csv").out
    assert len(out.splitlines()) == 2


def test_a_language_without_its_colon_is_told_of_it(lake: Lake):
    said = refused("bridges", "fr:chat", "zh", *settings(lake))
    assert said.endswith("write a colon: `pivotmine bridges fr:chat zh:`")
    assert cli("bridges", "fr:chat", "ZH：", *settings(lake)).status == 0


def test_words_that_nothing_joins_are_said_to_be_so(lake: Lake):
    status, out, err = cli("bridges", "école", "猫", *settings(lake))
    assert (status, err) == (0, "")
    assert "no direct link" in out
    assert "no token bridges école and 猫" in out


def test_a_term_of_several_words_is_told_where_to_ask(lake: Lake):
    said = refused("bridges", "pomme de terre", "猫", *settings(lake))
    assert "'pomme de terre' is not a single token but several words" in said
    assert "terms.lexicons" in said
    assert "pivotmine cooccurrence" in said


def test_a_moment_before_the_first_commit_is_refused(lake: Lake):
    said = refused("query", "FROM links", "--as-of", "2001-02-03", *settings(lake))
    assert said.startswith("error: nothing was committed by 2001-02-03 00:00:00; the first commit")


def test_the_question_that_the_demo_prints_shows_translations(lake: Lake):
    out = cli("query", STRONGEST_TRANSLATIONS, *settings(lake), "-f", "csv").out
    first, second = out.splitlines()[1:]
    assert first.startswith("▁cat,en,▁chat,fr")
    assert "Jane" not in out
    assert second.startswith("▁cat,en,▁école,fr")
