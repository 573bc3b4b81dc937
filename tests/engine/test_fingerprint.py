"""Which code a stage's result depends on, and which ways of writing it do not matter."""

from __future__ import annotations

import ast
import shutil
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

import pivotmine
from pivotmine.engine.code import Code, code_hash, code_of
from pivotmine.engine.fingerprint import reuse_fingerprint, stage_fingerprint
from pivotmine.engine.stage import Stage
from pivotmine.errors import ConfigError
from pivotmine.recipe import Recipe
from pivotmine.stages.pivot.stage import STAGE as PIVOT
from pivotmine.stages.road import ROAD

FILES = {
    "stage": '''
        """Counts words."""
        from __future__ import annotations

        from typing import TYPE_CHECKING

        import numpy as np

        from pkg.middle import doubled

        if TYPE_CHECKING:
            from pkg.rows import Row


        class Bounds:
            """Least and most."""

            least: int
            most: int = 7


        def run(words: list[str], row: Row | None = None) -> int:
            """Sum of the lengths."""
            # One pass is enough.
            def longest(sizes, sum=np.max):
                return sum([size for size in sizes])

            total: int = np.sum([doubled(len(word)) for word in words])
            return total + longest([Bounds.most])
    ''',
    "middle": """
        import pkg.kernels.plain
        from pkg.kernels import scale

        def doubled(n):
            return scale(n) + pkg.kernels.plain.offset(n)
    """,
    "kernels/__init__": '"""Kernels."""\nfrom pkg.kernels.fast import scale\n__all__ = ["scale"]\n',
    "kernels/fast": '"""Fast ones."""\ndef scale(n):\n    return 2 * n\n',
    "kernels/plain": "def scale(n):\n    return n + n\n\ndef offset(n):\n    return 0\n",
    "rows": "class Row:\n    pass\n",
    "unused": "X = 1\n",
}


def written(folder: Path, files: dict[str, str]) -> Code:
    """The package `pkg` made of these files."""
    for name, text in files.items():
        path = folder / "pkg" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return Code({"pkg": folder / "pkg"})


def hash_of(folder: Path, files: dict[str, str], stage: str = "pkg.stage") -> str:
    return written(folder, files).hash([stage])


def changed(name: str, old: str, new: str) -> dict[str, str]:
    assert old in FILES[name]
    return FILES | {name: FILES[name].replace(old, new)}


KEEPING = {
    "a reworded docstring": ("stage", '"""Sum of the lengths."""', '"""Adds lengths up."""'),
    "a dropped docstring": ("stage", '"""Least and most."""', ""),
    "another comment": ("stage", "# One pass is enough.", "# A second pass would cost more."),
    "other annotations": ("stage", "words: list[str], row: Row | None", "words, row: object"),
    "an annotated variable less": ("stage", "total: int =", "total ="),
    "another type of a field": ("stage", "most: int", "most: float"),
    "line breaks": ("kernels/fast", "return 2 * n", "return (\n        2\n        * n\n    )"),
    "a renamed import": (
        "middle",
        "scale\n\n        def doubled(n):\n            return scale(n)",
        "scale as times\n\n        def doubled(n):\n            return times(n)",
    ),
    "an import inside the function": (
        "middle",
        "from pkg.kernels import scale\n\n        def doubled(n):",
        "\n        def doubled(n):\n            from pkg.kernels import scale",
    ),
    "a relative import": ("middle", "from pkg.kernels import", "from .kernels import"),
    "an import that skips the re-export": ("middle", "from pkg.kernels ", "from pkg.kernels.fast "),
    "a whole module imported": (
        "middle",
        "scale\n\n        def doubled(n):\n            return scale(n)",
        "fast\n\n        def doubled(n):\n            return fast.scale(n)",
    ),
    "another way of naming a library": (
        "stage",
        "import numpy as np\n",
        "import numpy\n        import numpy as np\n",
    ),
    "a change in a module imported for type checkers": ("rows", "pass", "x = 1"),
    "a change in a module that is not imported": ("unused", "1", "2"),
    "other public names": ("kernels/__init__", '["scale"]', "[]"),
}

CHANGING = {
    "a constant": ("kernels/plain", "return 0", "return 1"),
    "a default": ("stage", "most: int = 7", "most: int = 8"),
    "a field more": ("stage", "least: int", "least: int\n            middle: int"),
    "a kernel reached over two imports": ("kernels/fast", "2 * n", "2 * n * 1"),
    "a call": ("stage", "np.sum(", "np.prod("),
    "a call of a function with the same name": (
        "middle",
        "from pkg.kernels ",
        "from pkg.kernels.plain ",
    ),
    "a re-export of a function with the same name": ("kernels/__init__", "fast", "plain"),
    "a name that a parameter hides": ("stage", "return sum(", "return np.max("),
    "an import that may be something else": (
        "middle",
        "def doubled",
        "if doubled:\n            scale = abs\n\n        def doubled",
    ),
    "the type of a constant": ("kernels/plain", "return 0", "return False"),
}


@pytest.mark.parametrize("change", KEEPING)
def test_rewriting_without_effect_keeps_the_hash(change: str, tmp_path: Path):
    before, after = tmp_path / "before", tmp_path / "after"
    assert hash_of(before, FILES) == hash_of(after, changed(*KEEPING[change]))


@pytest.mark.parametrize("change", CHANGING)
def test_a_change_in_what_code_does_changes_the_hash(change: str, tmp_path: Path):
    before, after = tmp_path / "before", tmp_path / "after"
    assert hash_of(before, FILES) != hash_of(after, changed(*CHANGING[change]))


def test_a_moved_module_keeps_the_hash(tmp_path: Path):
    moved = {
        {"kernels/fast": "numeric/scaling", "stage": "rooms/count/stage"}.get(name, name): text
        for name, text in FILES.items()
    }
    moved["kernels/__init__"] = "from pkg.numeric.scaling import scale\n"
    after = hash_of(tmp_path / "after", moved, "pkg.rooms.count.stage")
    assert hash_of(tmp_path / "before", FILES) == after


def test_a_library_in_other_words_keeps_the_hash(tmp_path: Path):
    forms = (
        "import os.path\ndef run(x): return os.path.join(x)",
        "from os import path\ndef run(x): return path.join(x)",
        "from os.path import join as glue\ndef run(x): return glue(x)",
    )
    hashes = {hash_of(tmp_path / str(n), {"stage": form}) for n, form in enumerate(forms)}
    assert len(hashes) == 1


def test_a_parameter_is_not_taken_for_the_import_that_it_hides(tmp_path: Path):
    hidden = "from os import sep\ndef run(sep): return sep"
    shown = "from os import sep as other\ndef run(sep): return other"
    assert hash_of(tmp_path / "a", {"stage": hidden}) != hash_of(tmp_path / "b", {"stage": shown})


def test_modules_that_import_each_other_have_a_hash_that_follows_both(tmp_path: Path):
    def ring(step: int) -> dict[str, str]:
        return {
            "stage": "import pkg.other\ndef run(n): return pkg.other.back(n) if n else 0",
            "other": f"def back(n):\n    from pkg import stage\n    return stage.run(n - {step})",
        }

    first = hash_of(tmp_path / "first", ring(1))
    assert hash_of(tmp_path / "same", ring(1)) == first
    assert hash_of(tmp_path / "changed", ring(2)) != first


def test_two_modules_that_look_alike_differ_by_what_they_call(tmp_path: Path):
    def pair(first: str, second: str) -> dict[str, str]:
        call = "from pkg.{} import f\ndef g(): return f()"
        return {
            "stage": "from pkg.a import g\nfrom pkg.b import g as h\nX = [g(), h(), h()]",
            **{"a": call.format(first), "b": call.format(second)},
            **{"one": "def f(): return 1", "two": "def f(): return 2"},
        }

    first, second = pair("one", "two"), pair("two", "one")
    assert hash_of(tmp_path / "x", first) != hash_of(tmp_path / "y", second)


def test_a_compiled_module_counts_by_its_bytes(tmp_path: Path):
    hashes = set()
    for name in ("a", "b"):
        code = written(tmp_path / name, {"stage": "from pkg import native\nX = native.f()"})
        (tmp_path / name / "pkg" / "native.abi3.so").write_text(name)
        hashes.add(code.hash(["pkg.stage"]))
    assert len(hashes) == 2


def test_every_import_of_a_plugin_from_its_own_folder_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "house_scores.py").write_text("import house_rules\nX = house_rules.LEAST\n")
    (tmp_path / "house_rules.py").write_text("LEAST = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    code = code_of(frozenset({"house_scores"}))
    assert code.reached(["house_scores"]) == {"house_scores", "house_rules"}


def test_a_missing_module_is_named_in_the_error():
    with pytest.raises(ConfigError, match="module no_such_plugin is not found"):
        code_hash("no_such_plugin.scores")


@pytest.fixture
def choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module of the user that a stage finds by name."""
    (tmp_path / "chosen_by_recipe.py").write_text("def score(text): return len(text)\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "chosen_by_recipe"
    sys.modules.pop("chosen_by_recipe", None)


def test_a_module_that_the_recipe_chooses_is_part_of_the_fingerprint(choice: str):
    recipe = Recipe()
    chosen = replace(PIVOT, modules=lambda recipe: (choice,))
    assert stage_fingerprint(PIVOT, recipe, {}, None) != stage_fingerprint(chosen, recipe, {}, None)
    assert reuse_fingerprint(PIVOT, recipe, 1) != reuse_fingerprint(chosen, recipe, 1)
    assert "chosen_by_recipe" not in sys.modules, "it is read, not run"


def test_our_own_code_printed_anew_keeps_the_hash_of_every_stage(tmp_path: Path):
    package = Path(pivotmine.__file__).parent
    copy = tmp_path / "pivotmine"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("model", "__pycache__"))
    for path in copy.rglob("*.py"):
        path.write_text(ast.unparse(ast.parse(path.read_text("utf-8"))), encoding="utf-8")
    ours, printed = Code({"pivotmine": package}), Code({"pivotmine": copy})
    for stage in ROAD:
        modules = modules_of(stage)
        assert printed.hash(modules) == ours.hash(modules), stage.name


def modules_of(stage: Stage) -> list[str]:
    """The stage's own module and those that a recipe adds."""
    inputs = [{"uris": ["a.jsonl"], "format": "jsonl"}]
    recipe = Recipe.model_validate({"ingest": {"inputs": inputs}})
    return [f"pivotmine.stages.{stage.name}.stage", *stage.modules(recipe)]


def reached(name: str) -> set[str]:
    (stage,) = (stage for stage in ROAD if stage.name == name)
    return code_of(frozenset()).reached(modules_of(stage))


@pytest.mark.parametrize("stage", [stage.name for stage in ROAD])
def test_every_stage_reaches_its_own_module_and_no_driver_code(stage: str):
    modules = reached(stage)
    assert f"pivotmine.stages.{stage}.stage" in modules
    driver = {"pivotmine", "pivotmine.engine.runner", "pivotmine.lake.lake", "pivotmine.cli.app"}
    assert not modules & driver


def test_counting_depends_on_its_kernels_and_not_on_shard_writers():
    modules = reached("count")
    assert {"pivotmine.udfs.count", "pivotmine.stages.count.pair_counts"} <= modules
    assert not any(name.startswith("pivotmine.stages.shard") for name in modules)


def test_ingest_depends_on_readers_and_language_identification_and_not_on_counting():
    modules = reached("ingest")
    assert {"pivotmine.sources.jsonl", "pivotmine.text.language"} <= modules
    assert not any(name.startswith("pivotmine.stages.count") for name in modules)


def test_code_in_a_zip_has_the_hash_of_its_folder(tmp_path: Path):
    """As `spark-submit --py-files` brings it."""
    folder = tmp_path / "on_disk" / "zipped_stage"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from zipped_stage.part import f\n")
    (folder / "part.py").write_text("def f():\n    return 1\n")
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for file in folder.iterdir():
            target.write(file, f"zipped_stage/{file.name}")
    hashes = {
        Code({"zipped_stage": root / "zipped_stage"}).hash(["zipped_stage"])
        for root in (folder.parent, archive)
    }
    assert len(hashes) == 1
    (folder / "part.py").write_text("def f():\n    return 2\n")
    assert Code({"zipped_stage": folder}).hash(["zipped_stage"]) not in hashes
