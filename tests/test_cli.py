"""The command line: what it prints, what it refuses, and the promise of its names."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer.main
import yaml
from pydantic import BaseModel

import pivotmine
from pivotmine.ask.arms import describe_arms
from pivotmine.cli.app import app
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import Recipe
from pivotmine.show import findings
from pivotmine.show.console import plain_console
from pivotmine.stages.road import ROAD
from tests.handmade import Row, cli, link, make_lake, put, settings, word

TOP: dict[str, Any] = {
    name: command
    for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
    if not command.hidden
}
COMMANDS: dict[str, Any] = {
    f"{name} {part}".strip(): command
    for name, group in TOP.items()
    for part, command in getattr(group, "commands", {"": group}).items()
}

# What scripts and schedules are built on: a change here breaks them, so it is a decision.
FROZEN = {
    "run": "--config -c --set -s --until --only --force --no-force",
    "demo": "--config -c --set -s",
    "init": "files --out -o --force --no-force",
    "config": "--config -c --set -s --schema",
    "tables": "name --config -c --set -s",
    "query": "sql --config -c --set -s --format -f --as-of --sandbox --no-sandbox",
    "links": "word --config -c --set -s --lang --limit --format -f",
    "lexicon": "word --config -c --set -s --to --limit --format -f --export --lang "
    "--min-translated --min-weight",
    "bridges": "word_a word_b --config -c --set -s --limit",
    "cooccurrence": "word_a word_b --config -c --set -s --format -f",
    "documents": "word_a word_b --config -c --set -s --limit --max-lines --format -f",
    "explain": "doc_id --config -c --set -s --limit",
    "arms": "--config -c --set -s --html",
    "audit": "--config -c --set -s --quick --html",
    "status": "--config -c --set -s",
    "rejects": "--config -c --set -s --reason --export --max-share",
    "takedown": "delivery --config -c --set -s --reason --forget --keep-past",
    "move": "before after",
    "unlock": "--config -c --set -s",
    "doctor": "--config -c --set -s",
    "explore": "--config -c --set -s --host --port --allow-host --results",
    "export page": "--out --config -c --set -s --word --to --lines --document --address --results",
    "plan": "--config -c --set -s --bytes --languages --cores --core-memory --constant --constants "
    "--format -f",
    "planted": "out --text -t --set -s --text-column --text-bytes --vocab-size",
    "evaluate links": "truth --config -c --set -s --format -f --min-docs --as-many-as --strata"
    " --no-strata --plot",
    "evaluate documents": "truth --config -c --set -s --format -f",
    "evaluate selection": "truth --config -c --set -s --format -f --window-tokens --dimensions "
    "--min-docs --seed",
    "evaluate bridges": "truth --config -c --set -s --format -f --apart --seed",
    "evaluate pivots": "--config -c --set -s --format -f --top",
}

IMPORT_AND_RUN = "import sys; from pivotmine.cli.app import main; sys.argv[0] = 'pivotmine'; main()"
"""What the entry point `pivotmine` of an installed package does."""

CHAT, CAT, MAO = 0, 1, 2
TRICKY = ":cat: [bold]chat[/bold] \\[red] 猫、\n“été”\t🐱 "


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return make_lake(
        tmp_path_factory.mktemp("cli") / "[my] lake",
        vocabulary=[word(CHAT, "▁chat", "fr"), word(CAT, "▁cat", "en"), word(MAO, "猫", "zh")],
        links=[link(CAT, "en", CHAT, "fr", 0.5, n_ab=1234), link(CAT, "en", MAO, "zh", 0.5)],
        documents=[{"doc_id": "d", "text": TRICKY, "lang": "fr", "lang_prob": float("nan")}],
        rejects=[{"uri": "x", "raw": b"caf\xe9 \x00"}],
    )


def query(lake: Lake, sql: str, *more: str) -> str:
    status, out, err = cli("query", sql, *settings(lake), *more)
    assert (status, err) == (0, "")
    return out


# ---- names and help


def test_commands_and_options_are_the_ones_that_scripts_rely_on():
    found = {
        name: " ".join(o for p in command.params for o in (*p.opts, *p.secondary_opts))
        for name, command in COMMANDS.items()
    }
    assert found == FROZEN


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_a_command_and_each_of_its_options_mean(name: str):
    command = COMMANDS[name]
    status, out, _ = cli(*name.split(), "--help")
    assert status == 0
    assert len(command.help.split()) >= 8
    assert command.help.split("\n")[0] in " ".join(out.split())
    assert [p.name for p in command.params if not p.help or len(p.help.split()) < 3] == []


@pytest.mark.parametrize("name", ["query", "bridges", "links"])
def test_what_takes_arguments_shows_an_example_that_works(lake, name: str):
    assert f"Example: pivotmine {name} " in TOP[name].help
    for example in (line for line in TOP[name].help.split("\n") if "Example" in line):
        argument = example.split('"')[1] if name == "query" else None
        arguments = [argument] if argument else example.split("(")[0].split()[3:]
        assert cli(name, *arguments, *settings(lake)).status == 0


def test_the_help_of_run_names_every_stage_in_its_order():
    stages = ", ".join(stage.name for stage in ROAD)
    assert f"Stages: {stages}." in " ".join(TOP["run"].help.split())


def test_without_a_command_the_help_names_them_all():
    out = cli().out + cli().err
    assert [name for name in TOP if name not in out] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["run", "--untill", "link"],
        ["query"],
        ["bridges", "one"],
        ["query", "S", "-f", "x"],
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_what_does_not_parse_is_a_usage_error(arguments: list[str]):
    status, out, err = cli(*arguments)
    assert (status, out) == (2, "")
    assert "Usage: " in err


@pytest.mark.parametrize("program", [["-m", "pivotmine"], ["-c", IMPORT_AND_RUN]])
def test_the_version_is_printed(program: list[str]):
    done = subprocess.run(
        [sys.executable, *program, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"pivotmine {pivotmine.__version__}\n"


@pytest.mark.parametrize("name", ["", "links", "evaluate", "evaluate links"])
def test_h_is_help(name: str):
    assert cli(*name.split(), "-h").out == cli(*name.split(), "--help").out != ""


def test_a_shell_can_complete_the_commands():
    environment = {"_PIVOTMINE_COMPLETE": "complete_bash", "COMP_WORDS": "pivotmine br"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_AND_RUN],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment, "COMP_CWORD": "1"},
    )
    assert done.stdout.split() == ["bridges"]


@pytest.mark.parametrize("arguments", [[], ["fr:chat", "猫"], ["chat", "zh:", "--limit", "3"]])
def test_the_old_name_of_bridges_says_the_new_one(arguments: list[str]):
    status, out, err = cli("pivots", *arguments)
    assert (status, out) == (2, "")
    assert err == "error: the command `pivots` is now called `bridges`\n"
    assert "pivots" not in [
        line.split()[1] for line in cli("--help").out.splitlines() if "│ " in line
    ]


# ---- config


def test_config_prints_yaml_that_loads_back_to_the_same_configuration(tmp_path: Path):
    changed = ("--set", "count.min_count=9", "--set", "ingest.inputs=[{uris: [语料/*.jsonl]}]")
    status, out, err = cli("config", *changed)
    assert (status, err) == (0, "")
    config = Recipe.model_validate(yaml.safe_load(out))
    assert (config.count.min_count, config.ingest.inputs[0].uris) == (9, ("语料/*.jsonl",))
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(out, encoding="utf-8")
    assert cli("config", "--config", str(recipe)).out == out


def fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Name and meaning of every setting, those of sections and of list items too."""
    for name, field in model.model_fields.items():
        yield name, field.description or ""
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from fields(part)


def test_config_gives_every_setting_with_its_meaning():
    out = cli("config").out
    words = " ".join(out.replace("#", " ").split())
    for name, meaning in fields(Recipe):
        assert f"{name}:" in out
        assert " ".join(meaning.split()) in words


# ---- tables


def test_tables_explains_the_columns_of_one():
    status, out, err = cli("tables", "links")
    assert (status, err) == (0, "")
    assert TABLES["links"].doc in out
    shown = {line.split()[0]: line for line in out.splitlines()[3:]}
    assert list(shown) == TABLES["links"].schema.names
    assert "Dunning" in shown["g2"]
    assert shown["n_ab"].split()[1] == "int64"
    status, out, err = cli("tables", "lnks")
    assert (status, out) == (2, "")
    assert err.startswith("error: no table 'lnks'; did you mean 'links'? The tables are inputs")


def test_tables_lists_every_table_with_rows_and_meaning(lake):
    status, out, err = cli("tables", *settings(lake))
    assert (status, err) == (0, "")
    place, _, _, *lines = out.splitlines()
    assert place == f"{lake.warehouse}, namespace pivotmine", "brackets and all"
    rows = {line.split()[0]: line for line in lines}
    assert list(rows) == list(TABLES)
    assert rows["links"].split()[1] == "2"
    assert TABLES["links"].doc in rows["links"]
    assert str(lake.snapshot("links").snapshot_id) in rows["links"]
    assert rows["pivots"].split()[1:] == TABLES["pivots"].doc.split(), "not committed: no figures"


# ---- query


def cells(box: str) -> list[str]:
    """What stands between the lines of a drawn table, row by row."""
    rows = [line for line in box.splitlines() if line.startswith("│")]
    return [cell.strip() for line in rows for cell in line.strip("│").split("│")]


def test_a_table_that_is_wider_than_the_terminal_is_shown_row_by_row(lake):
    sql = "SELECT repeat('猫', 30) AS cats, 1 AS n FROM range(2)"
    assert len(cells(query(lake, sql))) == 8
    lines = cli("query", sql, *settings(lake), columns=40).out.splitlines()
    assert lines[0] == "-- 1 --"
    assert lines[1].split() == ["cats", "猫" * 17]
    assert lines[2].split() == ["猫" * 13]
    assert lines[3:5] == ["n     1", "-- 2 --"]
    assert cli("tables", *settings(lake), columns=60).out.count("-- ") == len(TABLES)


def test_parquet_reads_back_with_types_and_distinct_names(lake, tmp_path: Path):
    found = tmp_path / "found.parquet"
    command = [sys.executable, "-m", "pivotmine", "query", *settings(lake), "-f", "parquet"]
    sql = "SELECT 1::BIGINT AS n, ['猫'] AS words, 2 AS n"
    with found.open("wb") as file:
        subprocess.run([*command, sql], check=True, stdout=file)
    table = pq.read_table(found)
    assert table.to_pylist() == [{"n": 1, "words": ["猫"], "n_1": 2}]
    assert table.schema.field("n").type == pa.int64()


def test_json_is_one_object_a_line_with_text_untouched(lake):
    rows = [json.loads(line) for line in query(lake, "FROM documents", "-f", "json").splitlines()]
    assert [row["text"] for row in rows] == [TRICKY]
    assert "猫、" in query(lake, "FROM documents", "-f", "json"), "readable without decoding"


def test_csv_reads_back_with_text_untouched(lake):
    out = query(lake, "SELECT doc_id, text, n_bytes FROM documents", "-f", "csv")
    assert list(csv.reader(io.StringIO(out, newline=""))) == [
        ["doc_id", "text", "n_bytes"],
        ["d", TRICKY, ""],
    ]


def test_a_table_shows_text_as_it_is(lake):
    out = query(lake, "SELECT text FROM documents")
    assert ":cat: [bold]chat[/bold] \\[red] 猫、" in out
    assert cells(query(lake, 'SELECT 1 AS "[red]", \':cat:\' AS ":cat:"')) == [
        *("[red]", ":cat:", "int32", "varchar"),
        *("1", ":cat:"),
    ]


def test_text_of_a_corpus_cannot_command_the_terminal(lake):
    out = query(lake, "SELECT 'a' || chr(27) || ']0;title' || chr(7) || chr(155) || '31m' AS t")
    assert "a\\e]0;title\\a\N{REPLACEMENT CHARACTER}31m" in out
    assert [char for char in out if unicodedata.category(char) == "Cc" and char != "\n"] == []


def test_a_table_stops_at_100_rows_and_says_so(lake):
    out = query(lake, "SELECT range AS n FROM range(101)")
    assert cells(out)[:102] == ["n", "int64", *map(str, range(100))]
    assert "first 100 rows; --format csv, json or parquet writes all of them" in out
    assert "first" not in query(lake, "SELECT range AS n FROM range(100)")
    assert len(query(lake, "FROM range(101)", "-f", "csv").splitlines()) == 102


def test_json_holds_nested_values_and_is_always_valid(lake):
    sql = """SELECT ['a', '猫'] AS l, MAP {'n': 1, 'x': 'nan'::DOUBLE} AS m, {'k': [1]} AS s,
                    'inf'::DOUBLE AS i, 1.5::DECIMAL(4, 2) AS d,
                    TIMESTAMP '2026-01-02 03:04:05' AS t,
                    (SELECT lang_prob FROM documents) AS p, (SELECT raw FROM rejects) AS raw"""
    (line,) = query(lake, sql, "-f", "json").splitlines()

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(line, parse_constant=refuse) == {
        **{"l": ["a", "猫"], "m": {"n": 1, "x": None}, "s": {"k": [1]}, "i": None, "d": "1.50"},
        **{"t": "2026-01-02 03:04:05", "p": None, "raw": "caf\\xe9 \0"},
    }


def test_csv_holds_nested_values_as_json_and_a_table_as_they_are(lake):
    sql = "SELECT ['a', '猫'] AS l, 0.1::DOUBLE + 0.2 AS x"
    assert query(lake, sql, "-f", "csv") == 'l,x\n"[""a"", ""猫""]",0.30000000000000004\n'
    assert cells(query(lake, sql)) == ["l", "x", "varchar[]", "double", "[a, 猫]", "0.3"]


def test_columns_of_one_name_do_not_swallow_each_other(lake):
    sql = "SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS a"
    assert json.loads(query(lake, sql, "-f", "json")) == {"a": 1, "a_1": 2, "a_1_1": 3, "a_2": 4}


def test_no_rows_are_no_error(lake):
    assert query(lake, "FROM links WHERE false") == "no rows\n"
    assert query(lake, "FROM links WHERE false", "-f", "json") == ""
    assert query(lake, "SELECT a, b FROM links WHERE false", "-f", "csv") == "a,b\n"


@pytest.mark.parametrize("output", ["table", "json", "csv"])
@pytest.mark.parametrize("sql", ["SELECT * FROM nowhere", "SELEC", "", "SELECT 'x'::INT"])
def test_refused_sql_is_one_message_and_exit_status_2(lake, sql: str, output: str):
    status, out, err = cli("query", sql, *settings(lake), "-f", output)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert sql == "" or "Tables: inputs, documents, " in err


def test_as_of_shows_the_lake_at_a_local_time(tmp_path: Path):
    def rows_at(lake: Lake, moment: str) -> list[str]:
        return query(lake, "SELECT doc_id FROM documents", "-f", "csv", "--as-of", moment).split()

    lake = make_lake(tmp_path / "lake", documents=[{"doc_id": "old"}])
    between = int(time.time()) + 1  # the option knows whole seconds
    while time.time() <= between:
        time.sleep(0.05)
    put(lake, documents=[{"doc_id": "new"}])
    assert rows_at(lake, "2020-01-01") == ["doc_id"]
    assert rows_at(lake, datetime.fromtimestamp(between).isoformat()) == ["doc_id", "old"]
    assert rows_at(lake, "2100-01-01 00:00:00") == ["doc_id", "new"]
    assert cli("query", "SELECT 1", *settings(lake), "--as-of", "yesterday").status == 2


# ---- words


def test_bridges_prints_each_bridge_with_the_evidence_of_both_sides(lake):
    status, out, err = cli("bridges", "chat", "猫", *settings(lake))
    assert (status, err) == (0, "")
    asked, direct, places, _, heads, bridge = out.strip().splitlines()
    assert asked == "chat: ▁chat (fr) → 猫: 猫 (zh)"
    assert direct == "no direct link"
    assert places == "through other languages: number 1 of 1 tokens of zh that chat reaches"
    assert heads.split()[:4] == ["bridge", "lang", "score", "prevails"]
    assert bridge.split() == ["▁cat", "en", "0.192", "yes", "0.50", "1,234", "0.50", "10"]


def test_bridges_shows_a_direct_link(lake):
    out = cli("bridges", "cat", "chat", *settings(lake)).out
    assert "linked directly: together in 1,234 contexts, 4.0 expected, npmi 0.50, q 1.0e-03" in out


def test_a_word_that_is_not_a_token_is_refused_with_tokens_that_contain_it(lake):
    status, out, err = cli("bridges", "cha", "猫", *settings(lake))
    assert (status, out) == (2, "")
    assert err.startswith("error: 'cha' is not a single token")
    assert "Tokens that contain it: ▁chat." in err


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_below_one_is_refused(lake, limit: str):
    assert cli("bridges", "chat", "猫", *settings(lake), "--limit", limit).status == 2


# ---- lakes that are not there


@pytest.mark.parametrize(
    "command",
    [["tables"], ["query", "SELECT 1"], ["bridges", "a", "b"], ["cooccurrence", "a", "b"]],
)
def test_a_mistyped_lake_does_not_look_like_an_empty_corpus(tmp_path: Path, command: list[str]):
    status, out, err = cli(*command, "--set", f"lake.warehouse={tmp_path}/typo")
    assert (status, out) == (2, "")
    assert f"nothing is committed in file://{tmp_path}/typo" in err
    assert "--config" in err


# ---- what the demo prints of a lake


def test_the_report_shows_links_pivots_and_arms_of_a_lake(lake, tmp_path: Path):
    def rows(method: str) -> list[Row]:
        return [{"method": method, "token": "▁cat", "lang": "en", "score": 1.5, "degree": 1200}]

    put(
        lake,
        pivots=[{**row, "languages": ["fr", "zh"], "rank": 1} for row in rows("links")],
        selection=[{"arm": "links", "doc_id": "d", "n_tokens": 1500, "lang": "fr"}],
        shards=[{"arm": "links", "path": "file:///data/[x]/links/text-0.jsonl.zst"}],
    )
    console, connection = plain_console(), connect(lake)
    with console.capture() as capture:
        findings.print_strongest_links(console, connection)
        findings.print_pivots(console, connection)
        findings.print_word_pairs(console, connection, [("chat", "猫"), ("chat", "nowhere")])
        findings.print_arms(console, describe_arms(connection))
    out = capture.get()
    assert "Strongest links en-fr" in out
    assert "Strongest pivots, method links" in out
    assert ["1", "▁cat", "en", "1.50", "1,200", "fr", "zh"] in [s.split() for s in out.splitlines()]
    assert "chat → nowhere: 'nowhere' is not a single token" in " ".join(out.split())
    assert ["links", "1", "1,500", "fr", "1500", "0", "1"] in [s.split() for s in out.splitlines()]
    assert "shards of links: file:///data/[x]/links" in out
