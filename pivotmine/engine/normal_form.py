"""The text of a Python module, reduced to what it does.

Docstrings, comments, annotations, `__all__`, line breaks and imports for type checkers are gone.
An imported name is replaced by what it refers to, so neither its alias nor the form of the import
matters. The text is the same on every version of Python.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pivotmine.engine.scopes import (
    Bindings,
    Comprehension,
    Function,
    Imported,
    assigned_elsewhere,
    bindings_of_body,
    bindings_of_comprehension,
    bindings_of_function,
    bound_names,
    module_of,
)


class Reference(NamedTuple):
    """What one of our modules defines under a name; without a name, the module."""

    module: str
    name: str


Identity = Reference | str
"""What an imported name refers to: our own code, or other code by its dotted name."""

Resolve = Callable[[Imported], Identity]

# Fields that say nothing about behaviour, or exist in some versions of Python only.
_UNSAID = frozenset(("ctx", "kind", "type_comment", "type_ignores", "type_params", "returns"))


def stripped(source: str) -> ast.Module:
    """The syntax tree of a source text without what has no effect."""
    tree = ast.parse(source)
    _Strip().visit(tree)
    return tree


def normal_form(tree: ast.Module, package: str, resolve: Resolve) -> list[Identity]:
    """The text of a stripped tree, with a `Reference` at each name of ours that it imports."""
    writer = _Writer(tree, package, resolve)
    writer.write(tree.body)
    return writer.parts


class _Strip(ast.NodeTransformer):
    """Removes docstrings, annotations and what only type checkers read."""

    def __init__(self) -> None:
        self._in_class = False

    def _inside(self, node: ast.AST, in_class: bool) -> ast.AST:
        outside, self._in_class = self._in_class, in_class
        self.generic_visit(node)
        self._in_class = outside
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node, in_class=True)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node, in_class=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._inside(node, in_class=False)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Constant) else node

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        return None if getattr(node.targets[0], "id", "") == "__all__" else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if self._in_class:
            # It makes a field of a dataclass or named tuple, unless it says `ClassVar`.
            field = "ClassVar" not in ast.dump(node.annotation)
            node.annotation = ast.Constant("field" if field else "variable")
            self.generic_visit(node)
            return node
        self.generic_visit(node)
        return ast.Assign([node.target], node.value) if node.value else None

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        test = node.test
        name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
        return node.orelse if name == "TYPE_CHECKING" else node


class _Writer:
    """Writes a tree as text, and keeps track of the scopes."""

    def __init__(self, tree: ast.Module, package: str, resolve: Resolve) -> None:
        self.parts: list[Identity] = [""]
        self._package, self._resolve = package, resolve
        self._shared = assigned_elsewhere(tree)
        self._scopes = [(bindings_of_body(tree.body, package), False)]

    def write(self, value: Any) -> None:
        """A node, a list of them, or a constant."""
        if isinstance(value, list):
            self._say("[")
            for item in value:
                self.write(item)
            self._say("]")
        elif not isinstance(value, ast.AST):
            self._say(f"{type(value).__name__}:{value!a} ")
        elif isinstance(value, ast.Import | ast.ImportFrom):
            self._import(value)
        elif isinstance(value, ast.Name | ast.Attribute) and (found := self._identity(value)):
            self._refer_to(found)
        else:
            self._node(value)

    def _node(self, node: ast.AST) -> None:
        self._say(f"({type(node).__name__} ")
        if isinstance(node, Function):
            self._function(node)
        elif isinstance(node, Comprehension):
            self._comprehension(node)
        elif isinstance(node, ast.ClassDef):
            for part in (node.name, node.decorator_list, node.bases, node.keywords):
                self.write(part)
            with self._scope(bindings_of_body(node.body, self._package), is_class=True):
                self.write(node.body)
        else:
            for name, value in ast.iter_fields(node):
                if name not in _UNSAID and value is not None and value != []:
                    self._say(f"{name}=")
                    self.write(value)
        self._say(")")

    def _function(self, node: Function) -> None:
        arguments = node.args
        if not isinstance(node, ast.Lambda):
            self.write(node.name)
            self.write(node.decorator_list)
        self.write(arguments.defaults)
        self.write(arguments.kw_defaults)
        with self._scope(bindings_of_function(node, self._package)):
            for part in (arguments.posonlyargs, arguments.args, arguments.kwonlyargs):
                self.write(part)
            self.write([arguments.vararg, arguments.kwarg])
            self.write(node.body)

    def _comprehension(self, node: Comprehension) -> None:
        self.write(node.generators[0].iter)  # the only part that is evaluated outside
        with self._scope(bindings_of_comprehension(node)):
            for number, generator in enumerate(node.generators):
                self.write([generator.target, *([generator.iter] if number else [])])
                self.write(generator.ifs)
                self.write(generator.is_async)
            for field in ("elt", "key", "value"):
                self.write(getattr(node, field, None))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Write an import only if its name has other meanings too, or is unknown (a star)."""
        for alias in node.names:
            if isinstance(node, ast.ImportFrom) and alias.name == "*":
                self._say("(star ")
                self._refer_to(self._resolve(Imported(module_of(node, self._package), "")))
                self._say(")")
            for name, value in bound_names(alias, node, self._package).items():
                if value is not None and self._look_up(name) is None:
                    self._say(f"(bind {name} ")
                    self._refer_to(self._resolve(value))
                    self._say(")")

    def _identity(self, node: ast.AST) -> Identity | None:
        """What a name, or an attribute of an imported module, refers to."""
        if isinstance(node, ast.Name):
            imported = self._look_up(node.id)
            return self._resolve(imported) if imported else None
        base = self._identity(node.value) if isinstance(node, ast.Attribute) else None
        if base is None or not isinstance(node, ast.Attribute):
            return None
        if isinstance(base, str):
            return self._resolve(Imported(base, node.attr))
        return None if base.name else self._resolve(Imported(base.module, node.attr))

    def _look_up(self, name: str) -> Imported | None:
        if name in self._shared:
            return None
        for depth, (bindings, is_class) in enumerate(reversed(self._scopes)):
            if name in bindings and not (is_class and depth):
                return bindings[name]
        return None

    @contextmanager
    def _scope(self, bindings: Bindings, is_class: bool = False) -> Iterator[None]:
        self._scopes.append((bindings, is_class))
        yield
        self._scopes.pop()

    def _say(self, text: str) -> None:
        last = self.parts[-1]
        if isinstance(last, str):
            self.parts[-1] = last + text
        else:
            self.parts.append(text)

    def _refer_to(self, identity: Identity) -> None:
        if isinstance(identity, str):
            self._say(f"<{identity}>")
        else:
            self.parts.append(identity)
