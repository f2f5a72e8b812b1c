"""Not Python: a file that this Python cannot parse or run, and the line that says why."""

import re
import sys
from pathlib import Path

from parity.model.errors import Reason, SubjectError

PYTHON_2_NAMES = frozenset(
    {"xrange", "raw_input", "unicode", "basestring", "unichr", "long", "reload", "execfile"}
)
"""Builtins of Python 2 that Python 3 does not have."""

PYTHON_2_MODULES = frozenset({"cPickle", "StringIO", "urllib2", "Queue", "ConfigParser", "sets"})
"""Modules of Python 2 that Python 3 does not have."""

_PYTHON_2 = re.compile(
    r"^\s*(print\s+[^\s(=.\[,)]|print\s*$|print\s*\(.*\)\s*%|exec\s+[\"'\w]|raise\s+\w+\s*,"
    r"|except\s+[\w.()]+\s*,\s*\w+\s*:)|<>|\bur[\"']"
)
"""Statements of Python 2 that are not Python 3."""


def python_2(path: Path | str, place: str, sign: str) -> str:
    """Return the line that says that a file is Python 2, and how it is converted."""
    return f"{path} is Python 2 ({place}: {sign}): `2to3 -w {path}` converts it"


def python_2_name(error: BaseException) -> str | None:
    """Return the name of Python 2 that an error is about, None where there is none."""
    if isinstance(error, NameError) and error.name in PYTHON_2_NAMES:
        return error.name
    if isinstance(error, ModuleNotFoundError) and error.name in PYTHON_2_MODULES:
        return error.name
    return None


def not_python(path: Path, text: str, error: Exception, cell: str = "") -> SubjectError:
    """Return the error, of one line, for a file, or a cell of it, that cannot be parsed."""
    if not isinstance(error, SyntaxError):
        return SubjectError(f"subject {str(path)!r} is not Python: {error}", Reason.NOT_PYTHON)
    lines = text.splitlines()
    line = error.lineno or 1
    shown = lines[line - 1].strip() if line <= len(lines) else ""
    if isinstance(error, TabError):
        said = f"subject {str(path)!r} mixes tabs and spaces in line {line}, which Python refuses"
        how = f"`expand -i -t 8 {path}` prints it with spaces"
        return SubjectError(f"{said}: {how}", Reason.NOT_PYTHON)
    if _PYTHON_2.search(shown) or "Missing parentheses in call" in error.msg:
        said = python_2(path, f"{cell}line {line}", shown)
        return SubjectError(f"subject {said}", Reason.PYTHON_2)
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    said = f"subject {str(path)!r} is not {python}, {cell}line {line}: {error.msg}: {shown}"
    return SubjectError(said, Reason.NOT_PYTHON)
