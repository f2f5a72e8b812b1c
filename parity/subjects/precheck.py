"""Precheck: the errors of a subject's file that are seen without executing it.

It imports neither NumPy nor PyTorch: a wrong name costs no more than it must.
"""

import ast
import sys
from pathlib import Path

from parity.model.errors import Reason, SubjectError
from parity.subjects.cells import ENDINGS, Cell, cells


def precheck(spec: str) -> None:
    """Look at the file that `spec` names; other names are not looked at.

    Raises SubjectError when there is no such file, when it is not Python or not a notebook, or
    when its `run` is a stub.
    """
    place = spec if spec.endswith(ENDINGS) else spec.rpartition(":")[0]
    if not place.endswith(ENDINGS):
        return
    found = cells(Path(place))
    if place.endswith(".py"):
        _refuse_stub(found[0], spec)


def _refuse_stub(cell: Cell, spec: str) -> None:
    named = spec.rpartition(":")[2] if not spec.endswith(ENDINGS) else "run"
    for statement in cell.parsed():
        if isinstance(statement, ast.FunctionDef) and statement.name == named == "run":
            if is_stub(statement):
                said = f"subject {spec!r}: its run is a stub, {cell.where(statement)}"
                raise SubjectError(f"{said} has no body yet", Reason.STUB)


def is_stub(function: ast.FunctionDef) -> bool:
    """Return whether a function has a docstring, `...`, `pass`, NotImplementedError or nothing."""
    return all(_is_empty(statement) for statement in function.body)


def _is_empty(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Raise(exc=ast.Name(id=name)) | ast.Raise(exc=ast.Call(func=ast.Name(id=name))):
            return name == "NotImplementedError"
        case _:
            return False


def named_subject(argv: list[str] | None = None) -> str | None:
    """Return the value of --subject in a command's arguments, None without one or with --help."""
    given = sys.argv[1:] if argv is None else argv
    if {"-h", "--help"} & set(given):
        return None
    for word, following in zip(given, [*given[1:], None], strict=True):
        if word == "--subject":
            return following
        if word.startswith("--subject="):
            return word.partition("=")[2]
    return None
