"""Wording: the parts of a message about a mistake in a binding."""

import contextlib
import difflib
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.adapter.checking.by_shape import Shape, turned

_HARNESS = str(Path(__file__).parents[2])


def place_of(error: BaseException) -> str:
    """Return the line of somebody's file in which an error was raised: ` (my_rnn.py, line 12)`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith((_HARNESS, "<"))]
    user = [frame for frame in own if "site-packages" not in frame.filename]
    return f" ({Path(user[-1].filename).name}, line {user[-1].lineno})" if user else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the known names that are the most like a name."""
    near = difflib.get_close_matches(name, sorted({*known} - {name}), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def names_of(value: Any) -> list[str]:
    """Return the keys of a dictionary, or the attributes of an object or a module."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [str(key) for key in value]
    with contextlib.suppress(Exception):
        return [name for name in dir(value) if not name.startswith("__")]
    return []


def told(value: Any) -> str:
    """Return the shape of numbers, or the type of anything else."""
    array = borders.as_array(value)
    if array is not None:
        return str(array.shape)
    if isinstance(value, np.ndarray):
        return (
            "None" if value.dtype.kind == "O" and value.ndim == 0 else f"(array of {value.dtype})"
        )
    if isinstance(value, (list, tuple)):
        return f"({type(value).__name__} of {len(value)})"
    return "None" if value is None else f"({type(value).__name__})"


def words_of_code(*owners: Any) -> set[str]:
    """Return every name and text in the code of an object's class and of a module's functions."""
    found: set[str] = set()
    for owner in owners:
        values = [*vars(owner).values()] if isinstance(owner, ModuleType) else []
        values += [v for cls in type(owner).__mro__[:-1] for v in vars(cls).values()]
        for value in values:
            found |= _words(getattr(getattr(value, "__func__", value), "__code__", None))
    return found


def _words(code: CodeType | None) -> set[str]:
    if not isinstance(code, CodeType):
        return set()
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    texts = {c for c in code.co_consts if isinstance(c, str)}
    return {*code.co_names, *texts}.union(*map(_words, inner))


def repair(text: str, shape: Shape, wanted: Shape) -> str:
    """Return what may have been meant, where one order of axes has the wanted shape."""
    meant = turned(text, shape, wanted)
    if meant is None and len(wanted) == 1 and shape in ((*wanted, 1), (1, *wanted)):
        meant = f"{text}[:, 0]" if shape[1] == 1 else f"{text}[0]"
    if meant is None:
        return ""
    return f": did you mean `{meant.removesuffix('.T.T')}`?"
