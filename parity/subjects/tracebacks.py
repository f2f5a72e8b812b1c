"""Tracebacks for the author of a subject: with the frames of the subject alone."""

import traceback
from pathlib import Path

_HARNESS = str(Path(__file__).parents[1])


def own_traceback(error: BaseException) -> str:
    """Return the traceback of `error` without the frames of this harness and of libraries."""
    trimmed = traceback.TracebackException.from_exception(error)
    own = [f for f in trimmed.stack if not f.filename.startswith((_HARNESS, "<frozen", "<string"))]
    user = [f for f in own if "site-packages" not in f.filename]
    trimmed.stack = traceback.StackSummary.from_list(user or own)
    return "".join(trimmed.format())
