"""The code that a module reaches by imports, as one hash of what it does.

Each of our modules, and each module of a plugin, gets a digest of its normal form. There, a name
imported from another such module is written as that module's digest and the name. So a digest
changes when a call goes to a function of the same name in another module, and does not change when
a module moves. Digests are refined in rounds from the forms alone, so circular imports do no harm.
"""

from __future__ import annotations

import ast
import atexit
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

from pivotmine.engine.normal_form import Identity, Reference, normal_form, stripped
from pivotmine.engine.scopes import Bindings, Imported, bindings_of_body, module_of
from pivotmine.errors import ConfigError

NO_PART_OF_A_RESULT = (
    *("pivotmine.recipe", "pivotmine.plugins", "pivotmine.errors", "pivotmine.lake.tables"),
    *("pivotmine.engine.session", "pivotmine.engine.stage"),
)
"""Modules, submodules included, that decide no value in a table: settings are hashed separately,
schemas are checked at every write, and a registry only says where code lies."""

_INSTALLED = {"site-packages", "dist-packages"}


class Code:
    """Python sources that results depend on.

    Parameters
    ----------
    roots
        Top-level name of each package that counts, with its folder or file.
    folders
        Folders of the user, in which every module counts.
    """

    def __init__(self, roots: Mapping[str, Path], folders: Sequence[Path] = ()) -> None:
        self._roots, self._folders = roots, folders
        self._source = cache(self._find)
        self._tree = cache(self._parse)
        self._bindings = cache(self._bind)
        self._form = cache(self._write)
        self._imports = cache(lambda module: tuple(self._imported(module)))

    def hash(self, modules: Sequence[str]) -> str:
        """SHA-256 over all modules that these reach, themselves included."""
        forms = {name: self._form(name) for name in self.reached(modules)}
        # A module that does nothing is left out: a room's docstring, or a package of re-exports.
        forms = {name: form for name, form in forms.items() if form != ["[]"]}
        return _hash("\n".join(sorted(set(_digests(forms).values()))))

    def reached(self, modules: Sequence[str]) -> set[str]:
        """Names of the modules that these reach by imports, themselves included."""
        found: set[str] = set()
        waiting = list(modules)
        while waiting:
            name = waiting.pop()
            if name not in found and not _decides_nothing(name):
                found.add(name)
                waiting.extend(self._imports(name))
        return found

    def _imported(self, module: str) -> Iterator[str]:
        for node in ast.walk(self._tree(module)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if self._source(alias.name))
            elif isinstance(node, ast.ImportFrom):
                origin = module_of(node, self._package(module))
                for alias in node.names:
                    found = self._locate(Imported(origin, alias.name))
                    if isinstance(found, Reference):
                        yield found.module

    def _locate(self, wanted: Imported) -> Identity:
        """What `from module import name` finds, without following what is imported there."""
        module, name = wanted
        if not name:
            return Reference(module, "") if self._source(module) else module
        if self._source(module) and name in self._bindings(module):
            return Reference(module, name)
        if self._source(f"{module}.{name}"):
            return Reference(f"{module}.{name}", "")
        return Reference(module, name) if self._source(module) else f"{module}.{name}"

    def _resolve(self, wanted: Imported) -> Identity:
        """What a name refers to, followed to the module that defines it."""
        seen = set()
        while wanted not in seen:
            seen.add(wanted)
            found = self._locate(wanted)
            if isinstance(found, str) or not found.name:
                return found
            imported = self._bindings(found.module).get(found.name)
            if imported is None:
                return found
            wanted = imported
        return Reference(*wanted)

    def _package(self, module: str) -> str:
        source = self._source(module)
        is_package = source is not None and source.name == "__init__.py"
        return module if is_package else module.rpartition(".")[0]

    def _find(self, module: str) -> Path | None:
        top, *below = module.split(".")
        for root in (self._roots.get(top), *(folder / top for folder in self._folders)):
            if root is not None and (found := _source_at(root.joinpath(*below))) is not None:
                return found
        return None

    def _parse(self, module: str) -> ast.Module:
        source = self._source(module)
        if source is None:
            raise ConfigError(f"the source of module {module} is not found")
        is_python = source.suffix == ".py"
        return stripped(_content(source).decode("utf-8") if is_python else "")

    def _bind(self, module: str) -> Bindings:
        return bindings_of_body(self._tree(module).body, self._package(module))

    def _write(self, module: str) -> list[Identity]:
        source = self._source(module)
        if source is not None and source.suffix != ".py":
            return [hashlib.sha256(_content(source)).hexdigest()]
        return normal_form(self._tree(module), self._package(module), self._resolve)


@cache
def code_of(top_names: frozenset[str]) -> Code:
    """Our code and that of the packages named, as this process imports it."""
    places = {name: _place(name) for name in top_names | {"pivotmine"}}
    folders = {path.parent for path in places.values() if not _INSTALLED & set(path.parts)}
    return Code(places, sorted(folders))


@cache
def code_hash(*modules: str) -> str:
    """Hash of what modules do, with all modules of ours and of their packages that they reach."""
    return code_of(frozenset(name.partition(".")[0] for name in modules)).hash(modules)


def _place(top: str) -> Path:
    """The folder of a package, or the file of a module without its suffix."""
    spec = find_spec(top)
    if spec is None:
        raise ConfigError(f"module {top} is not found; is its folder on PYTHONPATH?")
    if spec.submodule_search_locations:
        return _on_disk(Path(next(iter(spec.submodule_search_locations))))
    origin = Path(spec.origin or "")
    return _on_disk(origin.with_name(origin.name.partition(".")[0]))


def _on_disk(place: Path) -> Path:
    """The place itself, or a copy where it lies in an archive (`spark-submit --py-files`)."""
    archive = next((folder for folder in place.parents if folder.is_file()), None)
    return place if archive is None else _unpacked(archive) / place.relative_to(archive)


@cache
def _unpacked(archive: Path) -> Path:
    """The files of an archive, in a folder that is deleted when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="pivotmine-code-")
    atexit.register(folder.cleanup)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder.name)
    return Path(folder.name)


def _source_at(path: Path) -> Path | None:
    names = (".py", *EXTENSION_SUFFIXES)
    candidates = (path / "__init__.py", *(path.with_name(path.name + end) for end in names))
    return next((candidate for candidate in candidates if _is_file(candidate)), None)


def _is_file(path: Path) -> bool:
    archive = _archive_of(path.parent)
    if archive is None:
        return path.is_file()
    return zipfile.Path(archive, path.relative_to(archive).as_posix()).is_file()


def _content(path: Path) -> bytes:
    archive = _archive_of(path.parent)
    if archive is None:
        return path.read_bytes()
    return zipfile.Path(archive, path.relative_to(archive).as_posix()).read_bytes()


@cache
def _archive_of(folder: Path) -> Path | None:
    """The zip that a folder lies in, as `spark-submit --py-files` brings code; None on disk."""
    if folder.is_dir():
        return None
    return next((path for path in (folder, *folder.parents) if path.is_file()), None)


def _decides_nothing(module: str) -> bool:
    return module == "pivotmine" or any(
        module == name or module.startswith(f"{name}.") for name in NO_PART_OF_A_RESULT
    )


def _digests(forms: Mapping[str, Sequence[Identity]]) -> dict[str, str]:
    """A digest of each module, refined until a round distinguishes no more modules."""
    found = dict.fromkeys(forms, "")
    while True:
        refined = {
            name: _hash("".join(_text(part, found) for part in form))
            for name, form in forms.items()
        }
        if len(set(refined.values())) == len(set(found.values())):
            return refined
        found = refined


def _text(part: Identity, digests: Mapping[str, str]) -> str:
    return part if isinstance(part, str) else f"<{digests.get(part.module, '')} {part.name}>"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
