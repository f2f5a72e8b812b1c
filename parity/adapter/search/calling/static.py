"""Static: facts about a function that can be read in its text, without running it."""

import ast
import dis
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

from parity.model.coverage import Role
from parity.subjects.roles import roles


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a function's text says about its parameters and its answer."""

    returned: tuple[str, ...] = ()  # the names in its last return: `loss`, `h`, `p`; "" for others
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by a name: p["Wx"], p["Wh"]
    called: frozenset[str] = frozenset()  # names that are called
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by a name: x.shape
    unpacked: dict[str, tuple[str, ...]] = field(default_factory=dict)  # U, W, b = weights
    passed: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)  # to a function
    reads: frozenset[str] = frozenset()  # every name that it reads
    own: frozenset[str] = frozenset()  # attributes of self that it reads


@functools.lru_cache(1024)
def facts(function: Callable[..., Any]) -> Facts:
    """Return the facts of a function; none where its source is not at hand."""
    tree = _tree(function)
    return Facts() if tree is None else _Reader().read(tree)


@functools.lru_cache(1024)
def work(function: Callable[..., Any]) -> frozenset[Role]:
    """Return what a function computes, by its text; nothing where its source is not at hand."""
    tree = _tree(function)
    node = tree.body[0] if tree is not None and tree.body else None
    if not isinstance(node, ast.FunctionDef):
        return frozenset()
    return frozenset(roles(node.name, "", node))


def _tree(function: Callable[..., Any]) -> ast.Module | None:
    function = inspect.unwrap(getattr(function, "__func__", function))
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.returned: tuple[str, ...] = ()
        self.keys: dict[str, dict[str, None]] = {}
        self.unpacked: dict[str, tuple[str, ...]] = {}
        self.called: set[str] = set()
        self.attributes: dict[str, dict[str, None]] = {}
        self.passed: dict[str, dict[tuple[str, int], None]] = {}
        self.reads: set[str] = set()
        self.own: set[str] = set()

    def read(self, tree: ast.AST) -> Facts:
        self.visit(tree)
        return Facts(
            returned=self.returned,
            keys={name: tuple(keys) for name, keys in self.keys.items()},
            unpacked=dict(self.unpacked),
            called=frozenset(self.called),
            attributes={name: tuple(own) for name, own in self.attributes.items()},
            passed={name: tuple(to) for name, to in self.passed.items()},
            reads=frozenset(self.reads),
            own=frozenset(self.own),
        )

    def visit_Return(self, node: ast.Return) -> None:
        value = node.value
        if value is not None:
            parts = value.elts if isinstance(value, ast.Tuple) else [value]
            self.returned = tuple(_name(part) for part in parts)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Read the function's own `return` last: one of a function inside of it is another's."""
        inner = [one for one in node.body if isinstance(one, ast.FunctionDef)]
        for one in (*inner, *(one for one in node.body if one not in inner)):
            self.visit(one)

    def visit_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(target, (ast.Tuple, ast.List)):
            self.unpacked.setdefault(ast.unparse(node.value), tuple(map(_name, target.elts)))
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            self.keys.setdefault(ast.unparse(node.value), {})[node.slice.value] = None
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            self.called.add(node.func.id)
        to = ast.unparse(node.func)
        for place, argument in enumerate(node.args):
            if isinstance(argument, ast.Name):
                self.passed.setdefault(argument.id, {})[(to, place)] = None
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name):
            self.attributes.setdefault(node.value.id, {})[node.attr] = None
            if node.value.id == "self" and isinstance(node.ctx, ast.Load):
                self.own.add(node.attr)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.reads.add(node.id)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return ""


def answers_function(function: Callable[..., Any]) -> bool:
    """Return whether a function returns one that it defines: mostly the way back."""
    code = getattr(inspect.unwrap(getattr(function, "__func__", function)), "__code__", None)
    inner = [] if code is None else [c.co_name for c in code.co_consts if isinstance(c, CodeType)]
    return bool({*inner} & {*facts(function).returned})


def keys_of(module: Any, function: Callable[..., Any], name: str, depth: int = 3) -> dict[Any, str]:
    """Return the keys that a function, and those it calls, read of a parameter, and their names.

    A dictionary has its own keys; a tuple that is unpacked has numbers.
    """
    own = facts(function)
    found: dict[Any, str] = {key: key for key in own.keys.get(name, ())}
    found |= dict(enumerate(own.unpacked.get(name, ())))
    for inner, parameter in _handed_on(module, function, name) if depth else ():
        found |= keys_of(module, inner, parameter, depth - 1)
    return found


def attributes_of(
    module: Any, function: Callable[..., Any], name: str, depth: int = 3
) -> tuple[str, ...]:
    """Return the attributes that a function, and those it calls, read of a parameter.

    Those that an array has are not among them.
    """
    found = dict.fromkeys(facts(function).attributes.get(name, ()))
    for inner, parameter in _handed_on(module, function, name) if depth else ():
        found |= dict.fromkeys(attributes_of(module, inner, parameter, depth - 1))
    return tuple(own for own in found if not hasattr(np.ndarray, own) and not hasattr(dict, own))


def _handed_on(
    module: Any, function: Callable[..., Any], name: str
) -> Iterator[tuple[Callable[..., Any], str]]:
    """Yield the functions that a parameter is handed on to, and how it is called there."""
    for to, place in facts(function).passed.get(name, ()):
        inner = getattr(module, to, None)
        if callable(inner) and not isinstance(inner, type):
            try:
                parameters = list(inspect.signature(inner).parameters)
            except (TypeError, ValueError):
                continue
            if place < len(parameters):
                yield inner, parameters[place]


def global_names(function: Callable[..., Any]) -> list[str]:
    """Return the names that a function looks up in its module, in its order."""
    code = getattr(inspect.unwrap(getattr(function, "__func__", function)), "__code__", None)
    return [] if code is None else list(dict.fromkeys(_looked_up(code)))


def _looked_up(code: CodeType) -> list[str]:
    found = [
        i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    ]
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found += _looked_up(inner)
    return found


LOOPS = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.DictComp)


@functools.lru_cache(256)
def repeats(cls: type) -> bool:
    """Return whether a method of a class, or of one that it inherits from, has a loop.

    Where its source is not at hand it may have one.
    """
    for kind in cls.__mro__[:-1]:
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
        except (OSError, TypeError, SyntaxError, ValueError):
            return True
        if any(isinstance(node, LOOPS) for node in ast.walk(tree)):
            return True
    return False
