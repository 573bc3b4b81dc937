"""The pages tell the truth: commands parse, recipes load, code runs, files and settings exist.

Where the demo's lake is there (`make demo` has run), the guides' questions to that lake are asked
for real, and their Python is executed.
"""

from __future__ import annotations

import ast
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main

import pivotmine
from docs.site.pages import PLACES
from pivotmine.cli.app import app
from pivotmine.model.cli import app as model_app
from pivotmine.model.config.recipe import load_model_recipe
from pivotmine.planted import make_plan
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.road import ROAD
from tests.handmade import cli

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DEMO_RECIPE = "conf/demo.yaml"
DEMO_LAKE = ROOT / ".pivotmine" / "demo" / "lake" / "catalog.db"
QUESTIONS = (
    *("tables", "query", "links", "lexicon", "bridges", "documents", "cooccurrence", "arms"),
    *("audit", "status", "rejects"),
)


def pages(*patterns: str) -> tuple[str, ...]:
    """Pages by their paths from the root, which may be patterns."""
    found = (sorted(ROOT.glob(pattern)) for pattern in patterns)
    return tuple(str(path.relative_to(ROOT)) for paths in found for path in paths)


GUIDES = pages("README.md", "docs/index.md", "docs/tutorials/*.md", "docs/how-to/*.md")
"""Pages whose commands, recipes and Python are tried."""

PAGES = (*GUIDES, *pages("CONTRIBUTING.md", "CHANGELOG.md", "docs/[!i]*.md"))
HISTORY = "CHANGELOG.md"
"""Names also what is there no more."""

USERS_RECIPE = "corpus.yaml"
"""Stands in the guides for the recipe of a user."""

STAGES_PAGE = EXTRAS_PAGE = "docs/tutorials/your-corpus.md"

needs_demo = pytest.mark.skipif(
    not DEMO_LAKE.exists(), reason="asks the demo's lake, which `make demo` makes"
)


class Block(NamedTuple):
    language: str
    body: str


def blocks(markdown: str) -> list[Block]:
    """Fenced blocks of a Markdown text."""
    fenced = re.finditer(r"^```(\w*)\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)
    return [Block(found[1], found[2]) for found in fenced]


def shell_commands(markdown: str) -> Iterator[list[str]]:
    """Words of every simple command in the shell blocks: pipes and lists of commands taken apart,
    comments, prompts and assignments left out."""
    for block in blocks(markdown):
        if block.language not in ("sh", "bash", "shell", "console"):
            continue
        for line in block.body.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            command: list[str] = []
            for word in [*lexer, ";"]:
                if not set(word) <= set("|&;<>()"):
                    command.append(word)
                    continue
                while command and re.fullmatch(r"\w+=.*", command[0]):
                    command.pop(0)
                if command:
                    yield command
                command = []


def test_commands_are_taken_out_of_markdown_word_by_word():
    markdown = """
```python
pivotmine in Python
```
```sh
make demo    # a comment
$ X=1 .venv/bin/pivotmine query "a 'b' | c" \\
    --format csv | head -3 && pivotmine bridges fr:lait 牛乳 > file
```
"""
    assert list(shell_commands(markdown)) == [
        ["make", "demo"],
        [".venv/bin/pivotmine", "query", "a 'b' | c", "--format", "csv"],
        ["head", "-3"],
        ["pivotmine", "bridges", "fr:lait", "牛乳"],
        ["file"],
    ]


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def guides() -> str:
    """The guides, one after the other."""
    return "\n".join(map(text_of, GUIDES))


def commands_of(program: str) -> list[list[str]]:
    """Arguments of every command line of a program in the guides, each once."""
    found = [words[1:] for words in shell_commands(guides()) if Path(words[0]).name == program]
    assert found, f"no guide shows a {program} command"
    return [words for n, words in enumerate(found) if words not in found[:n]]


@pytest.fixture
def recipes(tmp_path: Path) -> dict[str, Path]:
    """Recipes that the guides show, by the name in their first line."""
    shown = {}
    for block in blocks(guides()):
        if block.language == "yaml" and (named := re.match(r"# (\S+\.yaml)\n", block.body)):
            shown[named[1]] = tmp_path / named[1]
            shown[named[1]].write_text(block.body, encoding="utf-8")
    return shown


def check_settings(config: str | None, overrides: Sequence[str], recipes: dict[str, Path]) -> None:
    """Refuses unknown settings and recipes that are not there; remote ones stand for any."""
    if config is None or "://" in config:
        load_recipe(None, overrides)
        return
    load_recipe(str(recipes.get(config, ROOT / config)), overrides)


def test_every_pivotmine_command_parses_and_names_settings_that_exist(recipes):
    known: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, *arguments in commands_of("pivotmine"):
        if name.startswith("-"):
            continue
        assert name in known, f"pivotmine has no command {name}"
        command = known[name]
        if hasattr(command, "commands"):
            name, *arguments = arguments
            command = command.commands[name]
        if "--help" in arguments:
            continue
        chosen = command.make_context(name, list(arguments)).params
        if name == "planted":
            make_plan(chosen["set_"])
            # It writes a recipe, which later commands read.
            recipes[f"{chosen['out']}/recipe.yaml"] = ROOT / DEMO_RECIPE
            continue
        check_settings(chosen.get("config"), chosen.get("set_") or (), recipes)
        stages = {chosen.get("only"), chosen.get("until")} - {None}
        assert stages <= {stage.name for stage in ROAD}


def test_every_model_command_parses_and_names_settings_that_exist():
    known: dict[str, Any] = typer.main.get_command(model_app).commands  # type: ignore[attr-defined]
    for name, *arguments in commands_of("pivotmine-model"):
        chosen = known[name].make_context(name, list(arguments)).params
        load_model_recipe(None, chosen.get("set_") or ())


def test_every_spark_submit_command_names_a_job_with_options_that_it_knows(
    recipes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for words in commands_of("spark-submit"):
        (at,) = (n for n, word in enumerate(words) if word.endswith(".py"))
        for option, value in pairwise(words[:at]):
            assert option != "--properties-file" or (ROOT / value).exists()
        job, arguments = ROOT / words[at], words[at + 1 :]
        monkeypatch.setattr(sys, "argv", [str(job), "--help"])
        with pytest.raises(SystemExit):
            runpy.run_path(str(job), run_name="__main__")
        described = capsys.readouterr().out
        assert [a for a in arguments if a.startswith("--") and a not in described] == []
        after = dict(pairwise(arguments))
        overrides = [value for option, value in pairwise(arguments) if option == "--set"]
        check_settings(after.get("--config"), overrides, recipes)


def test_every_recipe_that_is_shown_is_valid(recipes):
    assert recipes
    for path in recipes.values():
        assert load_recipe(str(path)).ingest.inputs


def test_the_two_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {target for words in commands_of("make") for target in words}
    assert {"demo", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)


def test_the_table_of_stages_is_the_road():
    shown = text_of(STAGES_PAGE)
    rows = re.findall(r"^\| `(\w+)` \|.*\| ((?:`\w+` ?)+) \|$", shown, re.MULTILINE)
    assert [(stage, set(re.findall(r"\w+", tables))) for stage, tables in rows] == [
        (stage.name, set(stage.writes)) for stage in ROAD
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if page != HISTORY])
def test_files_and_settings_that_a_page_names_exist(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert [name for name in re.findall(r"`([^`\n]+)`", prose) if is_missing(name)] == []


def is_missing(name: str) -> bool:
    """Whether a name in backticks is that of a file or a setting that does not exist."""
    if is_path(name):
        return not any((root / name).exists() for root in (ROOT, ROOT / "pivotmine"))
    first, *rest = name.split(".")
    dotted = bool(rest) and re.fullmatch(r"[a-z0-9_.]+", name) is not None
    figure = bool(rest) and rest[-1].startswith("n_")  # of a value with the name of a section
    of_spark = first == "spark" and "_" not in name  # as spark.executor.memory; ours are not so
    ours = dotted and not figure and not of_spark and first in Recipe.model_fields
    return ours and not is_setting(name)


def is_setting(name: str) -> bool:
    section: Any = Recipe
    for part in name.split("."):
        if part not in getattr(section, "model_fields", ()):
            return False
        section = section.model_fields[part].annotation
    return True


def is_path(name: str) -> bool:
    """Whether a name in backticks is a path of the repository: it begins with a folder of it."""
    folders = {path.name for root in (ROOT, ROOT / "pivotmine") for path in root.glob("*/")}
    first, slash, _ = name.partition("/")
    known = first in folders and not first.startswith(".")
    return bool(slash) and known and not set(name) & set(" <>*{}=")


RESULTS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/results/**/*.md"))


@pytest.mark.parametrize("page", [*PAGES, *RESULTS])
def test_links_and_images_of_a_page_lead_to_files_that_exist(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", text)
    local = [target for target in targets if "://" not in target]
    beside = (ROOT / page).parent
    missing = [name for name in local if not beside.joinpath(name).exists()]
    made = {(ROOT / "docs" / place).resolve() for place in PLACES}
    assert [name for name in missing if beside.joinpath(name).resolve() not in made] == []


def python_blocks() -> list[str]:
    """Python that the guides show."""
    return [block.body for block in blocks(guides()) if block.language == "python"]


def title(code: str) -> str:
    """First line that is no import: the name of a test."""
    lines = [line for line in code.splitlines() if line and " import " not in f" {line}"]
    return lines[0].split("  #")[0]


@pytest.mark.parametrize("code", python_blocks(), ids=title)
def test_python_names_what_the_package_has(code: str):
    tree = ast.parse(code)
    asked = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "pm"
    }
    assert [name for name in sorted(asked) if not hasattr(pivotmine, name)] == []


@pytest.mark.parametrize("code", python_blocks(), ids=title)
def test_python_runs(code: str):
    if USERS_RECIPE in code:
        pytest.skip("runs stages on files of the user")
    if DEMO_RECIPE in code and not DEMO_LAKE.exists():
        pytest.skip("asks the demo's lake, which `make demo` makes")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def questions() -> list[list[str]]:
    """Commands that only read the demo's lake, as a reader can type them after `make demo`."""
    if not README.exists():
        return []
    asked = [words for words in commands_of("pivotmine") if words[0] in QUESTIONS]
    return [words for words in asked if DEMO_RECIPE in words]


def test_the_guides_show_how_to_ask_the_demo_lake():
    assert {words[0] for words in questions()} == set(QUESTIONS)


def test_the_readme_is_short_and_asks_the_demo_lake():
    assert len(text_of("README.md").splitlines()) <= 150
    commands = [words for words in shell_commands(text_of("README.md")) if words[0] == "pivotmine"]
    asked = [words for words in commands if words[1] in QUESTIONS]
    assert asked
    assert [words for words in asked if DEMO_RECIPE not in words] == []


@needs_demo
@pytest.mark.parametrize("words", questions(), ids=lambda words: " ".join(words)[:40])
def test_a_question_gets_an_answer(words: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    status, out, err = cli(*words)
    assert (status, err) == (0, "")
    assert out.strip()


def shown_answers() -> list[list[str]]:
    """Blocks of text that begin with a command, such as `$ pivotmine bridges ...`: their lines."""
    text = [block.body for block in blocks(guides()) if block.language == "text"]
    shown = dict.fromkeys(body for body in text if body.startswith("$ pivotmine "))
    return [body.splitlines() for body in shown]


@needs_demo
@pytest.mark.parametrize("lines", shown_answers(), ids=lambda lines: lines[0][2:40])
def test_an_answer_that_it_shows_is_that_of_the_demo_lake(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    _, *words = shlex.split(lines[0].removeprefix("$ "))
    found = [line.split() for line in cli(*words).out.splitlines()]
    assert [line for line in lines[1:] if line.split() not in found] == []


def test_every_extra_that_it_names_exists():
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    table = text_of(EXTRAS_PAGE).partition("| extra | adds |")[2].partition("\n\n")[0]
    listed = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row[:20])}
    named = set(re.findall(r"extra `(\w+)`", guides()))
    assert listed
    assert (listed | named) - set(extras) == set()
