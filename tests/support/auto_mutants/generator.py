"""The generator: every edit of the plain network that an operator has, as a network."""

import ast
import functools
import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parity.model.case import Case
from parity.subjects.subject import Subject
from tests.support.auto_mutants.operators import OPERATORS, Scope
from tests.support.plain import PlainNetwork
from tests.support.plain.base import Array

NARROW = ("wide", "stored", "factor", "answered")
"""Methods that matter for 16-bit numbers only; the labels are for float64."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One function with one edit in it."""

    name: str  # relu_slope:l3:strictness:1, the first of its kind in the function's third line
    operator: str
    says: str  # the text before, and the text now
    function: ast.FunctionDef


@dataclass(frozen=True, kw_only=True)
class AutoMutant:
    """The plain network with one edit in one of its methods."""

    edit: Edit
    owner: type  # the class that has the method

    @property
    def name(self) -> str:
        """The method, its line, the operator, and a number if there are several."""
        return self.edit.name

    @functools.cached_property
    def network(self) -> type[PlainNetwork]:
        """The plain network with the edited method."""
        function = self.edit.function
        found = dict(vars(sys.modules[self.owner.__module__]))
        tree = ast.fix_missing_locations(ast.Module([function], []))
        exec(compile(tree, self.name, "exec"), found)
        return type("AutoMutant", (PlainNetwork,), {function.name: found[function.name]})

    def run(self, case: Case) -> dict[str, Array]:
        """Return the network's arrays for `case`, without warnings of NumPy."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.network().run(case)

    def subject(self) -> Subject:
        """Return the mutant as a subject."""
        return Subject(name=self.name, run=self.run)


@functools.cache
def generate() -> tuple[AutoMutant, ...]:
    """Return all mutants, in the order of the source."""
    return tuple(
        AutoMutant(edit=edit, owner=owner)
        for owner in reversed(PlainNetwork.__mro__[:-1])
        for function in _methods(owner)
        for edit in edits_of(function)
    )


def edits_of(function: ast.FunctionDef) -> Iterator[Edit]:
    """Yield all edits of a function; two edits with the same result are one."""
    scope, counts = Scope(function), Counter[str]()
    known = {ast.unparse(function)}
    for node in _nodes(function):
        for operator, changes in OPERATORS.items():
            for new in changes(node, scope):
                edited = replaced(function, node, new)
                if (source := ast.unparse(edited)) in known:
                    continue
                known.add(source)
                line = getattr(node, "lineno", function.lineno) - function.lineno + 1
                name = f"{function.name}:l{line}:{operator}"
                counts[name] += 1
                yield Edit(
                    name=f"{name}:{counts[name]}",
                    operator=operator,
                    says=f"{ast.unparse(node)}  ->  {ast.unparse(new)}",
                    function=edited,
                )


def _methods(owner: type) -> Iterator[ast.FunctionDef]:
    """Yield the methods of a class that the plain network uses."""
    tree = ast.parse(inspect.getsource(sys.modules[owner.__module__]))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in classes[owner.__name__].body:
        if not isinstance(node, ast.FunctionDef) or node.name in NARROW:
            continue
        if getattr(PlainNetwork, node.name) is vars(owner)[node.name]:  # no class overrides it
            yield node


def _nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body in the order of its source, without the docstring."""
    for statement in function.body[ast.get_docstring(function) is not None :]:
        yield from _within(statement)


def _within(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _within(child)


def replaced(tree: Any, old: ast.AST, new: ast.AST) -> Any:
    """Return a copy of a tree in which a node is replaced; the tree stays as it is."""
    if tree is old:
        return ast.copy_location(new, old) if isinstance(new, ast.stmt | ast.expr) else new
    if isinstance(tree, list):
        return [replaced(item, old, new) for item in tree]
    if not isinstance(tree, ast.AST):
        return tree
    fields = {name: replaced(value, old, new) for name, value in ast.iter_fields(tree)}
    return ast.copy_location(type(tree)(**fields), tree)
