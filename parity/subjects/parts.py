"""Parts: the functions of a source, with their executable lines and the names that they use."""

import ast
import functools
import itertools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import TypeGuard

from parity.model.coverage import Role
from parity.subjects.roles import piece_roles, roles

_NOT_COUNTED = (ast.Raise, ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom, ast.Pass)
"""Statements in a function that compute nothing. A default, and a print, are not counted either."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_OF_CONTAINERS = {"update", "pop", "copy", "clear", "append", "get", "items", "keys", "values"}
"""Methods of lists and dictionaries: such a call on anything but `self` leads to no function."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One function or method of a source."""

    name: str  # train_step, Model.train_step, outer.inner
    owner: str  # the class that it belongs to, if it does
    block: int  # the place, among the module's statements, of the one that defines it
    first: int
    last: int
    statements: tuple[frozenset[int], ...]  # the lines of each: one of them executed is enough
    pieces: Mapping[frozenset[int], tuple[Role, ...]]  # of them, those that are a loss or a step
    roles: tuple[Role, ...]
    uses: frozenset[str]  # names that it reads: f, ".method" of anything, "Model.method" of its own
    bases: tuple[str, ...] = ()  # of its class

    @property
    def own_name(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All functions of a source, and what its module's own names stand for."""

    functions: tuple[Part, ...]
    values: dict[str, frozenset[str]]  # the names in the value that a module's name is given


@functools.lru_cache(maxsize=256)
def parts(text: str) -> Parts:
    """Return the functions of a source. One that is not Python has none."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
            lines = _code_lines(compile(tree, "<source>", "exec", dont_inherit=True))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Parts(functions=(), values={})
    modules = frozenset(_modules(tree))
    found = (
        _Reader(block, lines, modules).functions([statement])
        for block, statement in enumerate(tree.body)
    )
    return Parts(functions=tuple(itertools.chain(*found)), values=dict(_values(tree, modules)))


def _code_lines(code: CodeType) -> frozenset[int]:
    """Return the lines that can be executed, with those of all functions inside."""
    own = {line for _, _, line in code.co_lines() if line is not None}
    inner = (_code_lines(c) for c in code.co_consts if isinstance(c, CodeType))
    return frozenset(own).union(*inner)


def _values(tree: ast.Module, modules: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and node.col_offset == 0:
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, _uses(node.value, "", modules)


@dataclass(frozen=True)
class _Reader:
    """Reads the functions of one statement of a module."""

    block: int
    lines: frozenset[int]  # of the whole module, that can be executed
    modules: frozenset[str]

    def functions(
        self, body: list[ast.stmt], prefix: str = "", owner: ast.ClassDef | None = None
    ) -> Iterator[Part]:
        """Yield all functions of some statements, with those of their classes and functions."""
        for node in _with_blocks(body):
            if isinstance(node, ast.ClassDef):
                yield from self.functions(node.body, f"{prefix}{node.name}.", node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{prefix}{node.name}"
                yield self._part(name, owner, node)
                yield from self.functions(node.body, f"{name}.", owner)

    def _part(
        self,
        name: str,
        owner: ast.ClassDef | None,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
    ) -> Part:
        class_name = "" if owner is None else owner.name
        bases = () if owner is None else tuple(_last_name(base) for base in owner.bases)
        own = [(_lines(inner) & self.lines, inner) for inner in _statements(node.body)]
        held = roles(node.name, class_name, node)
        pieces = {lines: piece_roles(node, inner) for lines, inner in own if held}
        return Part(
            name=name,
            owner=class_name,
            block=self.block,
            first=node.lineno,
            last=node.end_lineno or node.lineno,
            statements=tuple(lines for lines, _ in own if lines),
            pieces={lines: does for lines, does in pieces.items() if lines and does},
            roles=held,
            uses=_uses(node, class_name, self.modules),
            bases=bases,
        )


def _last_name(base: ast.expr) -> str:
    return ast.unparse(base).rpartition(".")[2]


def _with_blocks(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, and those in their blocks: a function may be defined under an `if`."""
    for node in body:
        yield node
        is_script = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
        if not is_script and not isinstance(node, _DEFINITIONS):
            yield from _with_blocks(_inner(node))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a function that count, without those of functions in it."""
    for node in body:
        if not _counts(node):
            continue
        yield node
        if not isinstance(node, _DEFINITIONS):
            yield from _statements(node.orelse if _sets_default(node) else _inner(node))


def _counts(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant() | ast.Call(func=ast.Name(id="print"))):
            return False
        case ast.AnnAssign(value=None):
            return False
        case _:
            return not isinstance(node, _NOT_COUNTED)


def _sets_default(node: ast.stmt) -> TypeGuard[ast.If]:
    """Return whether this is `if h is None: h = ...`."""
    match node:
        case ast.If(test=ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(None)])):
            name = ast.unparse(left)
            return all(isinstance(s, ast.Assign) and _target(s) == name for s in node.body)
        case _:
            return False


def _target(node: ast.Assign) -> str:
    return ast.unparse(node.targets[0])


def _inner(node: ast.stmt) -> list[ast.stmt]:
    """Return the statements in the blocks of a compound statement."""
    found: list[ast.stmt] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            found.append(child)
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            found += child.body
    return found


def _lines(node: ast.stmt) -> frozenset[int]:
    """Return the lines of a statement itself: of a compound one, those before its first block."""
    last = node.end_lineno or node.lineno
    inner = _inner(node)
    if isinstance(node, _DEFINITIONS):
        last = node.lineno
    elif inner:
        last = max(node.lineno, min(s.lineno for s in inner) - 1)
    return frozenset(range(node.lineno, last + 1))


def _modules(tree: ast.Module) -> Iterator[str]:
    """Yield the names of a module that stand for other modules."""
    for node in tree.body:
        match node:
            case ast.Import(names=names):
                yield from (name.asname or name.name for name in names)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=maker))):
                yield from [name] * (maker == "definitions")


def _uses(node: ast.AST, owner: str, modules: frozenset[str]) -> frozenset[str]:
    """Return the names that a function, or the value of a name, reads: not its own variables."""
    found, own = set[str](), set[str]()
    for inner in ast.walk(node):
        if isinstance(inner, ast.arg):
            own.add(inner.arg)
        elif isinstance(inner, ast.Name):
            (found if isinstance(inner.ctx, ast.Load) else own).add(inner.id)
    found -= own
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Load):
            found |= _attribute(inner, owner, modules)
    return frozenset(found)


def _attribute(node: ast.Attribute, owner: str, modules: frozenset[str]) -> set[str]:
    base = node.value.id if isinstance(node.value, ast.Name) else ""
    if base in modules:
        return {node.attr}  # a function or class of that module
    if base in ("self", "cls") and owner:
        return {f"{owner}.{node.attr}"}
    return set() if node.attr in _OF_CONTAINERS else {f".{node.attr}"}
