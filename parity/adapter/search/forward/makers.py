"""Makers: functions that make the weights which other functions are handed.

A maker is called with numbers that all differ, so that the shapes of what it makes say which
argument is which size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.attempts import Failed, attempt
from parity.adapter.search.calling.calls import is_required, parameters
from parity.adapter.search.forward.entries import Entry, entries
from parity.adapter.search.forward.shaped import Shaped, assignments, flat
from parity.adapter.search.leaves import leaves
from parity.adapter.search.trials import Target

NUMBERS = (7, 11, 5, 13, 3)
"""Sizes that a maker is called with: no sum or product of them is another."""

NAME = "weights"
"""The name of what a maker makes, in the places that `assignments` speaks of."""


@dataclass(frozen=True, kw_only=True)
class Maker:
    """A function that makes weights, what it has made, and from what."""

    name: str
    arguments: dict[str, int]  # by the names of its parameters
    part: str  # which part of what it returns: "" or "[0]"
    made: Any

    def text(self, sizes: dict[str, int]) -> str:
        """Return the call that makes weights of the case's sizes."""
        said = {number: size for size, number in sizes.items()}
        given = [f"{n}={said.get(number, '1')}" for n, number in self.arguments.items()]
        return f"{self.name}({', '.join(given)}){self.part}"

    def shaped(self, text: str) -> Iterator[Shaped]:
        """Yield which part of it is which weight; `text` is its name in a binding."""
        if isinstance(self.made, np.ndarray):
            yield from flat(text, self.made.size, tuple(self.arguments.values()))
            return
        shapes = {
            leaf.text: leaf.array.shape
            for leaf in leaves(text, self.made)
            if leaf.array.ndim and not leaf.text.startswith("np.stack(")
        }
        yield from assignments(shapes)


def makers(target: Target) -> list[Maker]:
    """Return the module's functions that make weights; found once for a target."""
    if target.makers is None:
        own = (one for entry in _entries(target) for one in _tried(target, entry))
        target.makers = [one for one in own if next(one.shaped(NAME), None) is not None]
    return target.makers


def _entries(target: Target) -> Iterator[Entry]:
    """Yield functions and class methods that take a few numbers."""
    yield from entries(target.module, target.module)
    for name, cls in list(vars(target.module).items()):
        if isinstance(cls, type) and cls.__module__ == target.module.__name__:
            for own, value in vars(cls).items():
                if isinstance(value, (classmethod, staticmethod)):
                    yield Entry(name=f"{name}.{own}", function=getattr(cls, own))


def _tried(target: Target, entry: Entry) -> Iterator[Maker]:
    wanted = [p for p in parameters(entry.function) if is_required(p) or _is_size(p.name)]
    if not 1 <= len(wanted) <= len(NUMBERS):
        return
    given = {p.name: number for p, number in zip(wanted, NUMBERS, strict=False)}
    made = attempt(target.module, target.attempts, lambda: entry.function(**given))
    if isinstance(made, Failed) or made is None:
        return
    yield Maker(name=entry.name, arguments=given, part="", made=made)
    if type(made) is tuple:
        for place, one in enumerate(made):
            if isinstance(one, (dict, list)) or hasattr(one, "__dict__"):
                yield Maker(name=entry.name, arguments=given, part=f"[{place}]", made=one)


def _is_size(name: str) -> bool:
    return names.role(name, names.SIZES) in ("features", "hidden", "classes")
