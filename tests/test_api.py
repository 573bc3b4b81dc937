"""The Python API: its examples run, it imports nothing that it does not need, and it only reads."""

from __future__ import annotations

import doctest
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

import pivotmine
from pivotmine.ask.query import Query
from pivotmine.ask.rows import Rows
from tests.small_corpus import write_small_corpus

WITH_EXAMPLES = (
    "pivotmine",
    "pivotmine.api",
    "pivotmine.ask.documents",
    "pivotmine.ask.query",
    "pivotmine.ask.reader",
    "pivotmine.ask.rows",
)

EXAMPLES = {
    example.name: example
    for module in WITH_EXAMPLES
    for example in doctest.DocTestFinder(exclude_empty=True).find(
        import_module(module), extraglobs={"pivotmine": pivotmine}
    )
    if example.examples
}


@pytest.fixture(scope="session")
def mined(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a recipe, `corpus.yaml`, and the lake that the road made of it, `lake`."""
    folder = tmp_path_factory.mktemp("api")
    write_small_corpus(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        pivotmine.run("corpus.yaml")
    yield folder


@pytest.fixture
def lake(mined: Path, monkeypatch: pytest.MonkeyPatch) -> pivotmine.LakeReader:
    monkeypatch.chdir(mined)
    return pivotmine.open_lake("corpus.yaml")


# ---- examples


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_docstring_gives_what_it_shows(
    mined: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.chdir(mined)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    output: list[str] = []
    runner.run(EXAMPLES[name], out=output.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(output)


def public_callables() -> Iterator[tuple[str, Any]]:
    for name in ("load_recipe", "run", "open_lake"):
        yield f"pivotmine.api.{name}", getattr(pivotmine, name)
    for kind in (pivotmine.LakeReader, Query, Rows):
        yield f"{kind.__module__}.{kind.__name__}", kind
    for name, method in inspect.getmembers(pivotmine.LakeReader, inspect.isfunction):
        if not name.startswith("_"):
            yield f"pivotmine.ask.reader.LakeReader.{name}", method


@pytest.mark.parametrize("name", [name for name, _ in public_callables()])
def test_a_public_name_has_an_example(name: str):
    assert name in EXAMPLES


@pytest.mark.parametrize("name", pivotmine.__all__)
def test_a_public_name_is_there_and_documented(name: str):
    assert name in dir(pivotmine)
    value = getattr(pivotmine, name)
    assert name == "__version__" or value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pivotmine.nothing


# ---- what is imported


def modules_after(statements: str, folder: Path) -> set[str]:
    """Top-level modules that a fresh Python has imported after some statements."""
    code = f"import sys; {statements}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    root = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
    )
    return set(done.stdout.split())


def test_every_public_name_resolves_without_spark(tmp_path: Path):
    names = f"import pivotmine; [getattr(pivotmine, name) for name in {pivotmine.__all__}]"
    assert modules_after(names, tmp_path) & {"pyspark", "numba", "duckdb", "pyarrow"} == set()


def test_importing_the_package_imports_nothing_heavy(tmp_path: Path):
    heavy = {"pyspark", "numba", "duckdb", "pyarrow", "pydantic", "numpy", "pyiceberg", "rich"}
    assert modules_after("import pivotmine", tmp_path) & heavy == set()


@pytest.mark.parametrize(
    "question",
    [
        "lake.sql('SELECT 1').stream()",
        "lake.links('fr:chat')",
        "lake.bridges('fr:chat', 'ja:猫')",
        "lake.documents('fr:chat', 'en:cat')",
        "lake.tables()",
    ],
)
def test_asking_a_lake_imports_no_spark_pandas_sqlalchemy_or_numba(mined: Path, question: str):
    asked = f"import pivotmine; lake = pivotmine.open_lake('lake'); {question}"
    heavy = {"pyspark", "py4j", "pandas", "sqlalchemy", "numba", "scipy"}
    assert modules_after(asked, mined) & heavy == set()


# ---- recipes


def test_a_recipe_may_be_a_mapping():
    recipe = pivotmine.load_recipe(
        {"ingest": {"inputs": [{"uris": ["語料/*.jsonl"]}]}, "count": {"min_count": 7}},
        {"count.min_count": 9, "link.max_q_value": 1e-7, "lake.warehouse": Path("there")},
    )
    assert recipe.ingest.inputs[0].uris == ("語料/*.jsonl",)
    assert recipe.count.min_count == 9
    assert recipe.link.max_q_value == 1e-7
    assert recipe.lake.warehouse == "there"


def test_an_override_of_an_unknown_setting_is_refused():
    with pytest.raises(pivotmine.ConfigError, match="did you mean 'min_count'"):
        pivotmine.load_recipe(None, {"count.min_cuont": 1})


# ---- lakes


def test_a_folder_without_a_lake_is_refused(tmp_path: Path):
    with pytest.raises(pivotmine.InputError, match="no lake at"):
        pivotmine.open_lake(tmp_path)


def test_a_recipe_without_a_lake_is_refused(tmp_path: Path):
    with pytest.raises(pivotmine.LakeError, match="nothing is committed"):
        pivotmine.open_lake({"lake": {"warehouse": str(tmp_path / "nowhere")}})


def test_asking_leaves_no_trace(lake: pivotmine.LakeReader, mined: Path):
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in (mined / "lake").rglob("*")}

    before = state()
    lake.links("fr:chat")
    lake.documents("fr:chat", "en:cat")
    lake.arms()
    assert state() == before


def test_a_table_or_column_that_is_not_there_is_named(lake: pivotmine.LakeReader):
    with pytest.raises(
        pivotmine.LakeError, match=r"no table 'link'; did you mean 'links'\? The tables are"
    ):
        lake.table("link")
    with pytest.raises(
        pivotmine.LakeError, match="links has no column 'npm'; its columns are a, b"
    ):
        lake.table("links", ["npm"])


def test_a_query_gives_the_same_rows_in_every_form(lake: pivotmine.LakeReader):
    query = lake.table("links", ["a", "b"], "npmi > 0")
    rows = query.to_arrow().to_pylist()
    assert rows
    assert query.df().to_dict("records") == rows
    assert query.batches().read_all().to_pylist() == rows
    heads, streamed = query.stream()
    assert [dict(zip(heads, row, strict=True)) for row in streamed] == rows


@pytest.mark.parametrize("statement", ["SELEC", "FROM nowhere", "", "SELECT npm FROM links"])
def test_a_refused_statement_is_an_error_of_the_lake(lake: pivotmine.LakeReader, statement: str):
    with pytest.raises(pivotmine.LakeError):
        lake.sql(statement).to_arrow()


def test_rows_show_themselves_as_a_table_and_turn_into_one(lake: pivotmine.LakeReader):
    found = lake.links("fr:chat")
    heads, first, *_ = repr(found).splitlines()
    assert heads.split()[:3] == ["word", "lang", "partner"]
    assert first.split()[:3] == ["▁chat", "fr", found[0].partner]
    assert list(found.df().columns) == found.to_arrow().column_names == found.columns
    assert "<table" in found._repr_html_()


def test_no_rows_keep_their_columns(lake: pivotmine.LakeReader):
    nothing = lake.links("fr:chat", lang="ja")
    assert (len(nothing), repr(nothing)) == (0, "no Partner")
    assert nothing.to_arrow().column_names[:2] == ["word", "lang"]


def test_words_that_never_meet_are_bridged_by_one_that_meets_both(lake: pivotmine.LakeReader):
    assert lake.documents("fr:chat", "ja:猫") == ()
    bridges = lake.bridges("fr:chat", "ja:猫")
    assert bridges.df()["token"][0] == "▁cat"
    assert "▁cat" in repr(bridges)
