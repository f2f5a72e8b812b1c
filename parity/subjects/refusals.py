"""Refusals: why a file that could be read has nothing that can be asked, in one line each."""

import ast
import inspect
import os
import types
from collections.abc import Sequence

from parity.model.errors import Reason, SubjectError
from parity.subjects.cells import Cell
from parity.subjects.contents import (
    codes,
    computes,
    first_missing,
    has_product,
    multiplies,
    own,
    read_globals,
    script,
    statements,
)
from parity.subjects.not_python import PYTHON_2_NAMES, python_2
from parity.subjects.source import Source
from parity.subjects.source.definitions import OWN, package
from parity.subjects.source.importing import LOST
from parity.subjects.source.stand_ins import StandIn, why

_INSTEAD = ": with `import numpy as cp` in its place the file can be judged here"
"""The way out for CuPy, which needs a GPU and has NumPy's functions."""

MOST = 3
"""The imported classes that a refusal names, at most."""


def refuse_name(spec: str, place: str, module: types.ModuleType, name: str) -> None:
    """Raise SubjectError unless a name of a module can be called."""
    lost = vars(module).get(LOST, {})
    if not hasattr(module, name) and name in lost:
        said = f"subject {spec!r}: {name} is not defined: {lost[name]}"
        raise SubjectError(said, Reason.DEFINITION_RAISED)
    if not hasattr(module, name):
        raise SubjectError(f"subject {spec!r}: {place} has no {name!r}", Reason.NO_SUCH_NAME)
    value = getattr(module, name)
    bases = [base for base in getattr(value, "__orig_bases__", ()) if isinstance(base, StandIn)]
    for missing in [value, *bases]:
        if isinstance(missing, StandIn):
            raise SubjectError(f"subject {spec!r}: {name} {why(missing)}", Reason.IMPORT_FAILS)
    if not callable(value):
        said = f"subject {spec!r}: {name} must be callable, got {type(value).__name__}"
        raise SubjectError(said, Reason.NO_SUCH_NAME)


def refuse_whole(spec: str, read: Source) -> None:
    """Raise SubjectError unless a file has a class or a function that may be a network."""
    found = list(codes(read.module))
    has_class = any(isinstance(value, type) for value in own(read.module))
    if not has_class and not any(map(computes, found)):
        lost = _lost_definition(read)
        if lost is not None:
            raise SubjectError(f"subject {spec!r}: nothing is left to judge: {lost}", _why(lost))
        raise _nothing(spec, _only(read.module))
    if not has_class and not any(map(multiplies, found)):
        acting = script(read.module)
        if any(has_product(statement) for _, statement in acting):
            raise _nothing(spec, _lines(acting))
    needed = [name for code in found if (name := first_missing(code, read.module)) is not None]
    if 2 * len(needed) > len(found):
        lacking = why(needed[0]).replace("needs", "need", 1)
        said = f"subject {spec!r}: most of its functions {lacking}"
        hint = _INSTEAD if "'cupy'" in said else ""
        raise SubjectError(f"{said}{hint}", Reason.IMPORT_FAILS)


def python_2_sign(module: types.ModuleType) -> str | None:
    """Return the line that says that a file is Python 2, where its functions use Python 2's names.

    None where they do not.
    """
    for code in codes(module):
        for name in read_globals(code):
            if name in PYTHON_2_NAMES and not hasattr(module, name):
                return python_2(code.co_filename, f"line {code.co_firstlineno}", name)
    return None


def _lost_definition(read: Source) -> str | None:
    """Return the note on the first class or function that failed, None where none did."""
    lost = vars(read.module)[LOST]
    return next((said for said in lost.values() if ": class " in said or ": def " in said), None)


def _why(lost: str) -> Reason:
    return Reason.IMPORT_FAILS if "not installed" in lost else Reason.DEFINITION_RAISED


def _nothing(spec: str, why: str) -> SubjectError:
    said = f"subject {spec!r}: there is nothing to judge in the file: {why}"
    return SubjectError(said, Reason.NOTHING_TO_JUDGE)


def _only(module: types.ModuleType) -> str:
    """Return what a file without a network has instead, and what can be done about it."""
    for name, value in vars(module).items():
        if isinstance(value, StandIn) and why(value).startswith("is not there"):
            return f"it imports {name}, which {why(value)}"
    taken = [v for v in vars(module).values() if isinstance(v, type) and package(v) == OWN]
    if taken:
        homes = [f"{v.__name__} from {os.path.relpath(inspect.getfile(v))}" for v in taken[:MOST]]
        return f"it imports {', '.join(homes)}: name the file of the network"
    if acting := script(module):
        return _lines(acting)
    kinds = {type(statement) for _, statement in statements(module)}
    if kinds and kinds <= {ast.Import, ast.ImportFrom}:
        return "it has only imports"
    return "it has no class, and no function that computes"


def _lines(acting: Sequence[tuple[Cell, ast.stmt]]) -> str:
    """Return where the statements of a script are, and what can be done about them."""
    (first, begin), (last, end) = acting[0], acting[-1]
    until = end.end_lineno or end.lineno
    lines = f"{first.place(begin.lineno)} to {last.place(until)}"
    if first is last:
        lines = f"{first.place(begin.lineno)}-{until}".replace("line ", "lines ")
    return f"everything is in statements of the script, {lines}: put them into a function"
