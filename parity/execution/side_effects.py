"""Side effects: changes that a subject leaves in its process."""

import contextlib
import random
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from parity.model.finding import Finding, Misbehaviour


class Watch:
    """The state before the subject ran, which is restored after it."""

    def __init__(self) -> None:
        self._errors = np.geterr()
        self._random = _random_state()
        self._threads = set(threading.enumerate())

    def notes(self) -> Iterator[Finding]:
        """Yield a note for everything that is different now."""
        if (errors := np.geterr()) != self._errors:
            now = ", ".join(f"{name}={does}" for name, does in errors.items() if does != "ignore")
            text = f"the subject leaves NumPy's error state changed ({now}); it is put back"
            yield Finding(kind=Misbehaviour.CHANGED_ERROR_STATE, text=text)
        if whose := _random_state().differ(self._random):
            _set_random_state(self._random)
            text = f"the subject draws from or seeds {' and '.join(whose)}'s global random numbers"
            yield Finding(kind=Misbehaviour.CHANGED_RANDOM_STATE, text=f"{text}; they are put back")
        if left := [t.name for t in threading.enumerate() if t not in self._threads]:
            count = f"{len(left)} thread{'s' if len(left) > 1 else ''}"
            text = f"the subject leaves {count} running: {', '.join(left[:3])}"
            yield Finding(kind=Misbehaviour.LEFT_THREADS, text=text)


@contextlib.contextmanager
def seeded() -> Iterator[None]:
    """Restart Python's and NumPy's global random numbers in the block; restore them after it."""
    before = _random_state()
    random.seed(0)
    np.random.seed(0)
    try:
        yield
    finally:
        _set_random_state(before)


class _RandomState(NamedTuple):
    """The state of Python's and NumPy's global generators, to be compared and restored."""

    python: tuple[Any, ...]
    numpy: list[Any]
    numpy_state: dict[str, Any]

    def differ(self, other: "_RandomState") -> list[str]:
        named = {"Python": self.python != other.python, "NumPy": self.numpy != other.numpy}
        return [name for name, differs in named.items() if differs]


def _random_state() -> _RandomState:
    state = np.random.get_state(legacy=False)
    parts = (*state["state"].values(), state.get("has_gauss"), state.get("gauss"))
    plain = [part.tobytes() if isinstance(part, np.ndarray) else part for part in parts]
    return _RandomState(random.getstate(), plain, state)


def _set_random_state(state: _RandomState) -> None:
    random.setstate(state.python)
    np.random.set_state(state.numpy_state)
