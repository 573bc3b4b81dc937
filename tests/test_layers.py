"""The layers of docs/architecture.md hold: every import goes down, and no modules form a circle.

The table of that page is the rule. Its rows go from the lowest layer to the highest; the last
column says what the files of a room may import of ours. Every import counts, also one inside a
function and one for the type checker only: a file that names a thing depends on it. Only types of
pyspark may be named anywhere, since that loads nothing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
SOURCE_FOLDERS = ("pivotmine", "udfs", "model", "jobs", "bench", "examples", "docs")
OURS = {"pivotmine", "jobs", "bench", "examples", "docs", "tests"}
API = "api"
PARTS_OF_THE_PACKAGE = ("udfs", "model")  # folders that are linked into it


class Layers(NamedTuple):
    """Rooms from the lowest to the highest; `allowed[room]` are the names it may import."""

    rooms: tuple[str, ...]
    allowed: dict[str, frozenset[str]]


def layers(markdown: str) -> Layers:
    """The layer table of a page: rows with a room, a description, and what the room may import.

    A cell of the last column lists names in backticks. `up to` before a name stands for that room
    and all the rows above it.
    """
    table = markdown.partition("| room | what it holds | may import |")[2].partition("\n\n")[0]
    rooms: list[str] = []
    allowed: dict[str, frozenset[str]] = {}
    for room, cell in re.findall(r"^\| `([\w/.]+)` \|[^|\n]*\|([^|\n]*)\|$", table, re.MULTILINE):
        name = room.rstrip("/").removeprefix("pivotmine/").removesuffix(".py")
        names: set[str] = set()
        for up_to, other in re.findall(r"(up to )?`([\w/]+)`", cell):
            names |= {*rooms[: rooms.index(other) + 1]} if up_to else {other}
        rooms.append(name)
        allowed[name] = frozenset(names)
    return Layers(tuple(rooms), allowed)


def room_of(module: str) -> str:
    """The room of a dotted module name: `pivotmine.lake.query` lies in `lake`."""
    first, *rest = module.split(".")
    if first == "pivotmine":
        return rest[0] if rest else "__init__"
    return first


def module_name(path: Path) -> str:
    """The name under which a file of the repository is imported."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] in PARTS_OF_THE_PACKAGE:
        parts.insert(0, "pivotmine")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def own_modules() -> dict[str, str]:
    """Source text of every module outside tests, by name. Links into the package count once."""
    return {
        module_name(path): path.read_text(encoding="utf-8")
        for folder in SOURCE_FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not any(parent.is_symlink() for parent in path.parents)
    }


def imports(source: str, known: frozenset[str]) -> Iterator[str]:
    """Modules that a source text imports anywhere in it.

    `from a import b` is the module `a.b` where there is one, and otherwise `a`. What the package
    itself offers, but for its version, comes from `pivotmine.api`.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, "imports are absolute here"
            for alias in node.names:
                child = f"{node.module}.{alias.name}"
                offered = node.module == "pivotmine" and alias.name != "__version__"
                yield child if child in known else f"pivotmine.{API}" if offered else node.module


def without_types(source: str) -> str:
    """A source text without what only the type checker sees."""

    class Remover(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else node

    return ast.unparse(Remover().visit(ast.parse(source)))


def breaches(modules: dict[str, str], rule: Layers) -> list[str]:
    """Imports that the table does not allow, one line each."""
    known = frozenset(modules)
    found = set()
    for module, source in modules.items():
        room = room_of(module)
        for name in imports(source, known):
            if name == "pivotmine" or name.split(".")[0] not in OURS:
                continue  # the bare package has the version, and every module loads it anyway
            if room_of(name) not in {room, *rule.allowed[room]}:
                found.add(f"{module} imports {name}")
        if "pyspark" not in rule.allowed[room]:
            loaded = imports(without_types(source), known) if "pyspark" in source else ()
            found |= {f"{module} imports {name}" for name in loaded if name.startswith("pyspark")}
    return sorted(found)


def circle(modules: dict[str, str]) -> list[str]:
    """Names of modules that import one another in a circle; empty if none do.

    The package itself is left out: its module imports the API when a name is first asked for.
    """
    known = frozenset(modules) - {"pivotmine"}
    graph = {
        module: {name for name in imports(modules[module], known) if name in known} - {module}
        for module in known
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture(scope="module", name="rule")
def _rule() -> Layers:
    return layers(PAGE.read_text(encoding="utf-8"))


PLANTED_TABLE = """
| room | what it holds | may import |
|---|---|---|
| `pivotmine/errors.py` | errors | |
| `pivotmine/lake/` | tables | `errors` |
| `pivotmine/stages/` | steps | up to `lake`, `pyspark` |
"""


def test_the_table_is_read_row_by_row():
    assert layers(PLANTED_TABLE) == Layers(
        ("errors", "lake", "stages"),
        {
            "errors": frozenset(),
            "lake": frozenset({"errors"}),
            "stages": frozenset({"errors", "lake", "pyspark"}),
        },
    )


@pytest.mark.parametrize(
    "planted",
    [
        "import pivotmine.stages.road",
        "from pivotmine.stages import road",
        "def read():\n    from pivotmine.stages.road import ROAD",
        "if TYPE_CHECKING:\n    from pivotmine.stages.road import ROAD",
        "from pivotmine import open_lake",
        "from pyspark.sql import DataFrame",
        "import bench.measure",
    ],
)
def test_a_planted_breach_is_found(planted: str):
    modules = {
        "pivotmine.errors": "",
        "pivotmine.lake.query": planted,
        "pivotmine.stages.road": "import pyspark\nimport pivotmine.lake.query",
    }
    (found,) = breaches(modules, layers(PLANTED_TABLE))
    assert found.startswith("pivotmine.lake.query imports ")


def test_what_the_table_allows_is_no_breach():
    modules = {
        "pivotmine.errors": "import json",
        "pivotmine.lake.query": "from pivotmine import errors, __version__",
        "pivotmine.lake.tables": "from pivotmine.lake.query import Query",
        "pivotmine.lake.types": "if TYPE_CHECKING:\n    from pyspark.sql import DataFrame",
    }
    assert breaches(modules, layers(PLANTED_TABLE)) == []


def test_a_planted_circle_is_found_also_where_a_function_closes_it():
    modules = {
        "pivotmine.a": "from pivotmine import b",
        "pivotmine.b": "from pivotmine.c import something",
        "pivotmine.c": "def later():\n    import pivotmine.a",
        "pivotmine.d": "import pivotmine.a",
    }
    assert set(circle(modules)) == {"pivotmine.a", "pivotmine.b", "pivotmine.c"}
    assert circle({**modules, "pivotmine.c": ""}) == []


def test_the_table_has_a_row_for_every_room(rule: Layers):
    assert set(map(room_of, own_modules())) - set(rule.rooms) == set()


def test_every_row_of_the_table_is_a_room_that_exists(rule: Layers):
    assert set(rule.rooms) - set(map(room_of, own_modules())) == set()


def test_the_table_names_no_room_that_it_does_not_list(rule: Layers):
    assert frozenset().union(*rule.allowed.values()) - {*rule.rooms, "pyspark"} == set()


def test_no_import_goes_up(rule: Layers):
    assert breaches(own_modules(), rule) == []


def test_modules_form_no_circle():
    assert circle(own_modules()) == []


def test_kernels_import_neither_spark_nor_the_stage_that_calls_them():
    """What workers load: the udfs, and all modules of ours that they import."""
    modules = own_modules()
    known = frozenset(modules)
    seen: set[str] = set()
    left = [name for name in known if room_of(name) == "udfs"]
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        left += [found for found in imports(modules[name], known) if found in known]
    assert [name for name in sorted(seen) if "pyspark" in modules[name]] == []
    assert [name for name in sorted(seen) if name.endswith((".stage", ".road"))] == []


@pytest.mark.parametrize(
    "package", sorted(path.name for path in (ROOT / "pivotmine/stages").glob("*/"))
)
def test_the_init_of_a_room_of_stages_holds_only_a_docstring(package: str):
    path = ROOT / "pivotmine" / "stages" / package / "__init__.py"
    if path.exists():
        (only,) = ast.parse(path.read_text(encoding="utf-8")).body
        assert isinstance(only, ast.Expr)


HEAVY = ("numba", "pyspark", "duckdb", "pyarrow", "numpy", "scipy")


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("pivotmine", (*HEAVY, "pydantic", "typer")),
        ("pivotmine.recipe", HEAVY),
        ("pivotmine.recipe.reading", HEAVY),
        ("pivotmine.cli.app", ("numba", "pyspark", "duckdb")),
        ("pivotmine.lake.query", ("numba", "pyspark")),
    ],
)
def test_importing_a_module_does_not_load_what_it_does_not_need(
    module: str, unwanted: tuple[str, ...]
):
    code = f"import sys, {module}; print(*[n for n in {unwanted!r} if n in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.split() == []


def test_stages_neither_write_nor_collect_nor_build_sessions():
    banned = (".collect(", ".toPandas(", ".toArrow(", ".write.", ".write(", "getOrCreate", "rand(")
    found = [
        f"{module}: {word}"
        for module, source in own_modules().items()
        if room_of(module) == "stages" and "from pyspark" in source
        for word in banned
        if word in source.split('"""', 2)[2]
    ]
    assert found == []
