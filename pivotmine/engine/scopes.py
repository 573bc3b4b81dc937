"""Which names of a Python scope are imports, and which mean something else.

A name can be replaced by what it is imported from only where nothing else gives it a value: not an
assignment, a parameter, a loop, a `global` of some function, or a second import.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Imported(NamedTuple):
    """A name of another module, or that module itself where `name` is empty."""

    module: str
    name: str


Bindings = dict[str, Imported | None]
"""Names that a scope binds; None where the value is not that of exactly one import."""

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def module_of(node: ast.ImportFrom, package: str) -> str:
    """Absolute name of the module that an import statement in `package` reads from."""
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, *filter(None, [node.module])])


def bound_names(alias: ast.alias, node: ast.Import | ast.ImportFrom, package: str) -> Bindings:
    """What one name of an import statement binds; the names of a star are unknown."""
    if isinstance(node, ast.ImportFrom):
        if alias.name == "*":
            return {}
        return {alias.asname or alias.name: Imported(module_of(node, package), alias.name)}
    if alias.asname:
        return {alias.asname: Imported(alias.name, "")}
    top = alias.name.split(".")[0]
    return {top: Imported(top, "")}


def bindings_of_body(body: Iterable[ast.AST], package: str) -> Bindings:
    """Names that the statements of a module, class or function bind in its own scope."""
    found: Bindings = {}
    for node in body:
        for name, value in _bindings(node, package):
            if name is not None:
                found[name] = value if found.get(name, value) == value else None
    return found


def bindings_of_function(node: Function, package: str) -> Bindings:
    """Parameters of a function and the names that its body binds."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    return bindings_of_body(body, package) | {
        part.arg: None for part in ast.walk(node.args) if isinstance(part, ast.arg)
    }


def bindings_of_comprehension(node: Comprehension) -> Bindings:
    """Loop variables of a comprehension."""
    return {
        name.id: None
        for generator in node.generators
        for name in ast.walk(generator.target)
        if isinstance(name, ast.Name)
    }


def assigned_elsewhere(tree: ast.AST) -> set[str]:
    """Names that some function declares `global` or `nonlocal`."""
    return {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Global | ast.Nonlocal)
        for name in node.names
    }


def _bindings(node: ast.AST, package: str) -> Iterator[tuple[str | None, Imported | None]]:
    """Names that a node binds in its scope, without those of scopes inside it."""
    match node:
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                yield from bound_names(alias, node, package).items()
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, None
        case ast.Lambda():
            pass
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            # `:=` binds outside of the comprehension.
            named = (part for part in ast.walk(node) if isinstance(part, ast.NamedExpr))
            yield from ((part.target.id, None) for part in named)
        case ast.Name(ctx=ast.Store() | ast.Del()):
            yield node.id, None
        case _:
            if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
                yield node.name, None
            elif isinstance(node, ast.MatchMapping):
                yield node.rest, None
            for child in ast.iter_child_nodes(node):
                yield from _bindings(child, package)
