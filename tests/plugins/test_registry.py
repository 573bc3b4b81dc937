"""The registry of plugins and the loading of their modules."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel

from pivotmine import plugins
from pivotmine.errors import ConfigError
from pivotmine.plugins import loading
from pivotmine.plugins.registry import Registry


@pytest.fixture
def registry() -> Registry[None]:
    return Registry("document score", {"built": ("tests.plugins.test_registry", None)})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a user, which is not on the path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in plugins.MEASURES.names():
        assert plugins.MEASURES[name]
    monkeypatch.setattr(plugins.MEASURES, "_found", {**plugins.MEASURES._found})
    return tmp_path


def measure_module(folder: Path, module: str, name: str) -> None:
    text = f"""
        from pivotmine import plugins

        @plugins.measure({name!r})
        def measured(n_ab, n_a, n_b, n):
            return n_ab / n
    """
    folder.mkdir(exist_ok=True)
    (folder / f"{module}.py").write_text(textwrap.dedent(text))


class Words(BaseModel):
    most: int = 3


@dataclass
class Lines:
    most: int = 3


class Plain:
    pass


def test_what_is_registered_is_found_with_its_module(registry):
    registry.register("words", Words, None)
    found = registry["words"]
    assert (found.value, found.module) == (Words, __name__)
    assert registry.names() == ("built", "words")
    assert "words" in registry


def test_names_are_listed_without_importing_what_is_built_in():
    lazy: Registry[None] = Registry("document score", {"heavy": ("no.such.module", None)})
    assert lazy.names() == ("heavy",)
    assert lazy.module("heavy") == "no.such.module"


def test_an_unknown_name_is_an_error_that_lists_what_there_is(registry):
    registry.register("words", Words, None)
    with pytest.raises(
        ConfigError, match=r"no document score 'wordz'; did you mean 'words'.*built"
    ):
        registry["wordz"]


def test_a_name_registered_twice_is_an_error(registry):
    registry.register("words", Words, None)
    with pytest.raises(ConfigError, match=r"'words' is registered twice.*there are built, words"):
        registry.register("words", Lines, None)


def test_a_built_in_name_cannot_be_taken():
    with pytest.raises(ConfigError, match=r"'he2025'.*built-in one has that name"):
        plugins.score("he2025")(Words)


def test_a_suffix_means_one_format():
    with pytest.raises(ConfigError, match=r"'doc': suffix \.txt means format 'text'"):
        plugins.source("doc", suffixes=[".txt"])


def test_scores_and_selection_methods_share_their_names():
    with pytest.raises(ConfigError, match="there is a selection method 'random'"):
        plugins.score("random")
    with pytest.raises(ConfigError, match="there is a document score 'links'"):
        plugins.selection("links")


def test_a_module_imported_anew_replaces_its_own_plugin(registry):
    registry.register("words", Words, None)
    registry.register("words", Words, None)
    assert registry["words"].value is Words


@pytest.mark.parametrize("kind", [Words, Lines])
def test_options_are_typed_and_have_defaults(registry, kind):
    registry.register("words", kind, None)
    entry = registry["words"]
    assert entry.options(entry.make()) == {"most": 3}
    assert entry.options(entry.make({"most": "5"})) == {"most": 5}
    with pytest.raises(ConfigError, match="words has no option 'least'; allowed: most"):
        entry.make({"least": 1})
    with pytest.raises(ConfigError, match=r"option most of words: .*integer"):
        entry.make({"most": "many"})


def test_a_class_without_options_refuses_them(registry):
    registry.register("plain", Plain, None)
    assert isinstance(registry["plain"].make(), Plain)
    with pytest.raises(ConfigError, match="plain has no option 'most'; it has none"):
        registry["plain"].make({"most": 1})


def test_modules_are_found_in_the_working_directory(folder):
    measure_module(folder, "my_measures", "mine")
    plugins.load(["my_measures"])
    assert "mine" in plugins.MEASURES
    assert plugins.loaded() == ("my_measures",)
    assert plugins.folders() == [str(folder)]
    # At the end of the path: a file in that folder hides no installed package.
    assert sys.path[-1] == str(folder)


def test_a_missing_module_is_an_error_that_says_where_it_was_looked_for(folder):
    with pytest.raises(ConfigError, match=f"no module 'nowhere.at_all'.* in {folder}"):
        plugins.load(["nowhere.at_all"])


def test_a_module_that_fails_on_import_is_an_error_that_says_why(folder):
    (folder / "broken_scores.py").write_text("import not_installed_anywhere")
    with pytest.raises(ConfigError, match=r"'broken_scores' cannot be imported.*not_installed_any"):
        plugins.load(["broken_scores"])


def test_two_modules_with_one_name_are_an_error_that_names_both(folder):
    measure_module(folder, "first_measures", "twice")
    measure_module(folder, "second_measures", "twice")
    with pytest.raises(ConfigError, match="twice, by first_measures and second_measures"):
        plugins.load(["first_measures", "second_measures"])


def test_an_installed_package_offers_its_modules_without_a_recipe(folder, request):
    request.addfinalizer(loading._offered_modules.cache_clear)
    loading._offered_modules.cache_clear()
    measure_module(folder, "offered_measures", "offered")
    installed = folder / "my_package-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[pivotmine.plugins]\nmine = offered_measures\n")
    sys.path.append(str(folder))
    plugins.load()
    assert "offered" in plugins.MEASURES
    assert plugins.loaded() == ("offered_measures",)


def test_a_worker_finds_plugins_by_name(folder):
    measure_module(folder, "worker_measures", "in_worker")
    plugins.load(["worker_measures"])
    bound = plugins.with_plugins(plugins.MEASURES.check)
    plugins.MEASURES._found.pop("in_worker")
    del sys.modules["worker_measures"]
    bound("in_worker")


def test_a_worker_of_an_older_session_looks_in_the_folder_of_the_plugins(folder, monkeypatch):
    measure_module(folder / "mine", "older_measures", "of_older")
    sys.path.append(str(folder / "mine"))
    plugins.load(["older_measures"])
    bound = plugins.with_plugins(plugins.MEASURES.check)
    plugins.MEASURES._found.pop("of_older")
    del sys.modules["older_measures"]
    sys.path.remove(str(folder / "mine"))
    monkeypatch.setattr(loading, "_loaded", {})
    bound("of_older")


def test_importing_the_registry_imports_nothing_heavy():
    heavy = {"numpy", "numba", "pyspark", "pyarrow", "duckdb", "pydantic", "torch"}
    code = "import sys, pivotmine.plugins; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not heavy & set(loaded.stdout.split())
