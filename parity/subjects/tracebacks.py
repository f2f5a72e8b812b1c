"""Tracebacks for the author of a subject: with the frames of the subject alone."""

import traceback
from pathlib import Path

from parity.subjects.not_python import python_2, python_2_name

_HARNESS = str(Path(__file__).parents[1])


def own_traceback(error: BaseException) -> str:
    """Return the traceback of `error` without the frames of this harness and of libraries.

    A last line says so where the error means that the file is Python 2.
    """
    trimmed = traceback.TracebackException.from_exception(error)
    own = [f for f in trimmed.stack if not f.filename.startswith((_HARNESS, "<frozen", "<string"))]
    user = [f for f in own if "site-packages" not in f.filename]
    trimmed.stack = traceback.StackSummary.from_list(user or own)
    shown = "".join(trimmed.format())
    if (name := python_2_name(error)) is None or not trimmed.stack:
        return shown
    place = trimmed.stack[-1]
    return f"{shown}{python_2(place.filename, f'line {place.lineno}', name)}\n"
