"""Parts: the functions of a source, with their executable lines and the names that they use."""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from parity.model.coverage import Role
from parity.subjects.roles import roles

_NOT_COUNTED = (ast.Raise, ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom, ast.Pass)
"""Statements in a function that are no part of a computation."""

_OF_CONTAINERS = {"update", "pop", "copy", "clear", "append", "get", "items", "keys", "values"}
"""Methods of lists and dictionaries: such a call on anything but `self` leads to no function."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One function or method of a source."""

    name: str  # train_step, Model.train_step, outer.inner
    owner: str  # the class that it belongs to, if it does
    first: int
    last: int
    statements: tuple[frozenset[int], ...]  # the lines of each: one of them executed is enough
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


def parts(text: str) -> Parts:
    """Return the functions of a source. One that is not Python has none."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
            lines = _code_lines(compile(tree, "<source>", "exec", dont_inherit=True))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Parts(functions=(), values={})
    functions = tuple(_functions(tree.body, "", "", (), lines))
    return Parts(functions=functions, values=dict(_values(tree)))


def _code_lines(code: CodeType) -> frozenset[int]:
    """Return the lines that can be executed, with those of all functions inside."""
    own = {line for _, _, line in code.co_lines() if line is not None}
    inner = (_code_lines(c) for c in code.co_consts if isinstance(c, CodeType))
    return frozenset(own).union(*inner)


def _values(tree: ast.Module) -> Iterator[tuple[str, frozenset[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and node.col_offset == 0:
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, _uses(node.value, "")


def _functions(
    body: list[ast.stmt], prefix: str, owner: str, bases: tuple[str, ...], lines: frozenset[int]
) -> Iterator[Part]:
    for node in _with_blocks(body):
        if isinstance(node, ast.ClassDef):
            above = tuple(ast.unparse(base).rpartition(".")[2] for base in node.bases)
            yield from _functions(node.body, f"{prefix}{node.name}.", node.name, above, lines)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}{node.name}"
            yield _part(name, owner, bases, node, lines)
            yield from _functions(node.body, f"{name}.", owner, bases, lines)


def _with_blocks(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, and those in their blocks: a function may be defined under an `if`."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _with_blocks([n for n in ast.iter_child_nodes(node) if _is_statement(n)])  # type: ignore[misc]


def _is_statement(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt)


def _part(
    name: str,
    owner: str,
    bases: tuple[str, ...],
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    lines: frozenset[int],
) -> Part:
    statements = tuple(own for s in _statements(node.body) if (own := _lines(s) & lines))
    return Part(
        name=name,
        owner=owner,
        first=node.lineno,
        last=node.end_lineno or node.lineno,
        statements=statements,
        roles=roles(node.name, owner, node),
        uses=_uses(node, owner),
        bases=bases,
    )


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a function that count, without those of functions in it."""
    for node in body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, _NOT_COUNTED) or _only_declares(node):
            continue
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _statements(_inner(node))


def _only_declares(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and node.value is None


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
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        last = node.lineno
    elif inner:
        last = max(node.lineno, min(s.lineno for s in inner) - 1)
    return frozenset(range(node.lineno, last + 1))


def _uses(node: ast.AST, owner: str) -> frozenset[str]:
    """Return the names that a function, or the value of a name, reads."""
    found: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            found.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            found |= _attribute(inner, owner)
    return frozenset(found)


def _attribute(node: ast.Attribute, owner: str) -> set[str]:
    own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    if own and owner:
        return {f"{owner}.{node.attr}"}
    return set() if node.attr in _OF_CONTAINERS else {f".{node.attr}"}
