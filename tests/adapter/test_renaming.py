"""Renaming: the names in a program change no verdict, unless nothing but a name tells."""

import inspect
import re
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from tests.adapter.programs import PROGRAMS
from tests.support.asking import Outcome, asked
from tests.support.renaming import renamed

BY_NAME_ALONE = {
    "kind a mistake in its own training": "a method that trains is told by its name",
}
"""The verdict on these changes, each with a reason: an entry whose verdict stays fails."""

TRIED = (
    *("plain attributes", "plain layer"),
    *("kind two biases", "kind a mean, and its gradients", "kind a mistake in its own training"),
)
"""One of each kind; `python -m benchmarks.renaming` tries all others, and counts."""


@pytest.mark.parametrize("name", TRIED)
def test_names_change_no_verdict(name: str, tmp_path: Path) -> None:
    """A program whose every identifier is a word without a meaning is judged as before."""
    before = _outcome(PROGRAMS[name], tmp_path / "before.py")
    after = _outcome(renamed(PROGRAMS[name]), tmp_path / "after.py")
    assert (after == before) == (name not in BY_NAME_ALONE), (before, after)


def _outcome(text: str, path: Path) -> tuple[Outcome, bool]:
    path.write_text(text)
    found = asked(str(path), grid="")
    return found.outcome, found.only_forward


PROGRAM = """
import numpy as np
from collections import namedtuple

State = namedtuple("State", "hidden, weights")

class Net:
    def __init__(self, n_units, activation="tanh"):
        self.params = {"Wx": np.zeros(n_units), "b": dict(bias=0.0)}
        self.activation = activation

    def update(self, gradients, lr=0.1):
        for name in ("Wx",):
            setattr(self, "d" + name, lr)
            self.params[name] -= lr * gradients["d" + name].sum(axis=0)
        return State(hidden=self.dWx, weights=self.params["Wx"])

    def run(self):
        return self.activation == "tanh", self.update(gradients={"dWx": np.ones((2, 3))}, lr=2.0)
"""


def test_renamed_program_computes_the_same() -> None:
    """Only names change: values that are compared, and what is put together at run time, stay."""
    found = renamed(PROGRAM)
    own = ("Wx", "bias", "n_units", "params", "gradients", "hidden", "State", "Net", "lr")
    assert not [name for name in own if re.search(rf"\b{name}\b", found)]
    assert _run(found) == _run(PROGRAM) == (True, [-4.0] * 3)


def _run(text: str) -> tuple[bool, list[float]]:
    """Return what the method without an argument of a program's class returns."""
    names: dict[str, Any] = {}
    exec(text, names)
    (cls,) = (v for v in names.values() if isinstance(v, type) and "__init__" in vars(v))
    (method,) = (f for f in vars(cls).values() if inspect.isfunction(f) and _arguments(f) == 1)
    same, state = method(cls(3))
    return same, list(state[1])


def _arguments(function: FunctionType) -> int:
    return len(inspect.signature(function).parameters)
