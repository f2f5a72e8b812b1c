"""Pieces: what a session does one by one, what surrounds each, and how an item itself fails.

In: an item of a binding. Out: its work as a value, which may be done inside of something else.
"""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

from parity.adapter.expressions import PLACE
from parity.model.errors import SubjectError


class CallError(SubjectError):
    """A line of a binding itself raised, and not the code that it calls; `__cause__` is the error.

    The subject was asked wrongly then: nobody is accused.
    """


class AnswerError(SubjectError):
    """An answer of a call cannot be read; `__cause__` is the error."""


Within = Callable[[str, str], contextlib.AbstractContextManager[None]]
"""Takes the name and the text of an item, and returns what surrounds its execution."""


def plainly(item: str, text: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG001 - a Within
    """Surround an item with nothing."""
    return contextlib.nullcontext()


class Piece(NamedTuple):
    """A piece of the work on one case: its item, its text, and the function that does it."""

    item: str
    text: str
    do: Callable[[], Any]


def raised_here(error: BaseException) -> bool:
    """Return whether an expression of a binding raised, and not a function that it calls."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and at.tb_frame.f_code.co_filename == PLACE
