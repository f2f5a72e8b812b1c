"""Precheck: the errors of a subject's file that are seen without executing it.

It imports neither NumPy nor PyTorch: a wrong name costs no more than it must.
"""

import ast
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
    asked = spec.endswith((*ENDINGS, ":run"))
    for statement in cell.parsed():
        match statement:
            case ast.FunctionDef(name="run", body=body) if asked and all(map(_is_empty, body)):
                said = f"subject {spec!r}: its run is a stub, {cell.where(statement)}"
                raise SubjectError(said, Reason.STUB)


def _is_empty(statement: ast.stmt) -> bool:
    """Return whether this is a docstring, `...`, `pass` or `raise NotImplementedError`."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Raise(exc=ast.Name(id=name)) | ast.Raise(exc=ast.Call(func=ast.Name(id=name))):
            return name == "NotImplementedError"
        case _:
            return False
