"""Statements: the names that they define, and those that they read."""

import ast
import dis
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType


def wanted(statements: Sequence[ast.stmt]) -> set[str]:
    """Return the names that the functions and classes of a file read, also by way of others.

    Among them are the names that the file takes from its neighbours.
    """
    every = list(_flat(statements))
    found = _taken(every)
    for statement in every:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found |= reads(statement)
    for statement in reversed(every):
        if found & set(defined(statement)) or _constructs(statement):
            found |= reads(statement)
    return found


def _taken(statements: Sequence[ast.stmt]) -> set[str]:
    """Return the names that are taken from modules: by `from m import a`, or as `m.a`."""
    imports = [s for s in statements if isinstance(s, (ast.Import, ast.ImportFrom))]
    modules = {name for statement in imports for name in defined(statement)}
    named = {a.name for s in imports if isinstance(s, ast.ImportFrom) for a in s.names}
    parts = [p for s in statements for p in ast.walk(s) if isinstance(p, ast.Attribute)]
    return named | {
        p.attr for p in parts if isinstance(p.value, ast.Name) and p.value.id in modules
    }


def reads(statement: ast.stmt) -> set[str]:
    """Return the global names that a statement, or a function in it, reads."""
    try:
        return set(_read(compile(ast.Module([statement], []), "", "exec")))
    except (SyntaxError, ValueError):  # a return outside of a function
        return set()


def _read(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in {"LOAD_NAME", "LOAD_GLOBAL"}:
            yield str(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _read(inner)


def defined(statement: ast.stmt) -> list[str]:
    """Return the names that a statement gives a value to, or a part to."""
    match statement:
        case ast.Assign(targets=targets):
            return list(names_in(targets))
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return list(names_in([target]))
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [(alias.asname or alias.name).partition(".")[0] for alias in names]
        case ast.If() | ast.For() | ast.Try() | ast.While() | ast.With():
            inner = [n for n in ast.walk(statement) if isinstance(n, (ast.Assign, ast.AugAssign))]
            return [name for part in inner for name in defined(part)]
        case _:
            return []


def names_in(targets: Iterable[ast.expr]) -> Iterator[str]:
    """Yield the names that targets of an assignment begin with."""
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            yield from names_in(target.elts)
        elif isinstance(root := root_of(target), ast.Name):
            yield root.id


def _flat(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, and those inside `if` and `try`."""
    for statement in statements:
        if isinstance(statement, (ast.If, ast.Try)):
            handlers = getattr(statement, "handlers", [])
            caught = [inner for handler in handlers for inner in handler.body]
            yield from _flat([*statement.body, *caught, *statement.orelse])
        yield statement


def _constructs(statement: ast.stmt) -> bool:
    """Return whether a statement may make an object of a class, as far as a name tells."""
    value = getattr(statement, "value", None)
    return isinstance(value, ast.Call) and last_of(value.func)[:1].isupper()


def root_of(value: ast.expr) -> ast.expr:
    """Return the first part of `a.b[0].c`."""
    while isinstance(value, (ast.Attribute, ast.Subscript, ast.Starred)):
        value = value.value
    return value


def last_of(func: ast.expr) -> str:
    """Return the last name of `a.b.c`, empty where there is none."""
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""
