"""Contents: the functions, classes and statements that a file has, as far as they compute."""

import ast
import contextlib
import dis
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parity.model.errors import SubjectError
from parity.subjects.cells import Cell, cells
from parity.subjects.source.stand_ins import StandIn

_PRODUCTS = frozenset({"dot", "matmul", "einsum", "tensordot", "inner", "mm", "bmm", "vdot"})
"""Functions that compute, beside the operators."""


# -- functions -------------------------------------------------------------------------------------


def own(module: types.ModuleType) -> list[Any]:
    """Return the functions, classes and objects of classes that a file defines itself."""
    values = list(vars(module).values())
    return [value for value in values if getattr(value, "__module__", None) == module.__name__]


def codes(module: types.ModuleType) -> Iterator[types.CodeType]:
    """Yield the code of each function and method that a file defines itself."""
    for value in own(module):
        inside = list(vars(value).values()) if isinstance(value, type) else [value]
        for part in inside:
            function = getattr(part, "__func__", getattr(part, "__wrapped__", part))
            if isinstance(function, types.FunctionType):
                yield function.__code__


def computes(code: types.CodeType) -> bool:
    """Return whether a function, or one inside it, has an operator or a product."""
    steps = list(dis.get_instructions(code))
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    operators = any(step.opname.startswith("BINARY_OP") for step in steps)
    return operators or bool(_PRODUCTS & set(code.co_names)) or any(map(computes, inner))


def multiplies(code: types.CodeType) -> bool:
    """Return whether a function, or one inside it, multiplies matrices."""
    steps = dis.get_instructions(code)
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    operators = any(step.opname == "BINARY_OP" and step.argrepr == "@" for step in steps)
    return operators or bool(_PRODUCTS & set(code.co_names)) or any(map(multiplies, inner))


def first_missing(code: types.CodeType, module: types.ModuleType) -> StandIn | None:
    """Return the first missing name that a function reads, None where it reads none."""
    values = (vars(module).get(name) for name in read_globals(code))
    return next((value for value in values if isinstance(value, StandIn)), None)


def read_globals(code: types.CodeType) -> Iterator[str]:
    """Yield the global names that a function, or one inside it, reads."""
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            yield str(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from read_globals(inner)


# -- statements ------------------------------------------------------------------------------------


def statements(module: types.ModuleType) -> Iterator[tuple[Cell, ast.stmt]]:
    """Yield the statements of a file, each with its cell, as far as they are Python."""
    for cell in cells(Path(str(module.__file__))):
        with contextlib.suppress(SubjectError):  # a cell in another language
            yield from ((cell, statement) for statement in cell.parsed())


def script(module: types.ModuleType) -> list[tuple[Cell, ast.stmt]]:
    """Return the statements that do more than to define a function or name a constant."""
    return [(cell, s) for cell, s in statements(module) if _acts(s)]


def has_product(statement: ast.stmt) -> bool:
    """Return whether a statement of a script multiplies matrices."""
    return any(
        isinstance(part, ast.MatMult)
        or (isinstance(part, ast.Attribute) and part.attr in _PRODUCTS)
        for part in ast.walk(statement)
    )


def _acts(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Expr, ast.Assign)):
        return any(isinstance(part, (ast.Call, ast.BinOp)) for part in ast.walk(statement.value))
    return isinstance(statement, (ast.For, ast.While, ast.With, ast.If, ast.AugAssign))
