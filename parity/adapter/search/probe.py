"""Probe: the small case on which bindings are tried, and a right network's answers to it.

Each size is another number, so that a shape has one reading.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.adapter.search.truth import ACTIVATIONS, answers, softmax
from parity.adapter.search.values import Manner
from parity.adapter.shapes import CANONICAL, SIZES, letters
from parity.cases.draw import draw
from parity.model.case import Array, Case
from parity.model.config import Config
from parity.model.names import ArrayName

LR = 0.125

__all__ = ["ACTIVATIONS", "Probe", "expected", "is_right", "share", "softmax", "writable"]


@dataclass(frozen=True)
class Probe:
    """The probing cases of one manner of asking."""

    manner: Manner

    @functools.cached_property
    def config(self) -> Config:
        """The configuration, in which every size is another."""
        sizes = {**SIZES, "batch": 1} if self.manner.one_row else SIZES
        config = Config(lr=LR).replace(**sizes)
        shared = {"classes": config.features} if self.manner.data == "vocabulary" else {}
        return config.replace(data=self.manner.data, **self.manner.several, **shared)

    @functools.cached_property
    def _drawn(self) -> Case:
        """The case of which all others are: with labels for every step, too."""
        return draw(self.config.replace(loss="steps"))

    @functools.lru_cache(64)  # noqa: B019 - a probe lives as long as a search
    def case(self, **changes: Any) -> Case:
        """Return the case with some options changed, and the same numbers in its arrays.

        Its arrays can be written into. Raises ConfigError where the options do not fit together.
        """
        config = self.config.replace(**changes)
        none: tuple[str, ...] = ("h_0",) if config.initial == "zero" else ()
        none += ("b", "b_out") if config.bias == "zero" else ()
        zeros = {n: a * 0 for n, a in self._drawn.arrays.items() if _quantity(n) in none}
        return writable(self._drawn.replace(config, **zeros))

    @functools.cached_property
    def axes(self) -> dict[int, str]:
        """Which axis a size is."""
        return letters(self.config) | ({self.config.width: "W"} if self.manner.both else {})

    def own(self, kind: str) -> str:
        """Return the layout of an array in this probe's letters: ids have no axis of classes."""
        layout = CANONICAL[kind]
        if self.manner.both and kind in WIDE:
            layout = layout.replace("H", "W")
        return layout.replace("C", "F") if self.manner.data == "vocabulary" else layout


WIDE = ("hidden", "last", "W_out", "upstream", "d_last")
"""Arrays with the states of both directions, side by side."""


def _quantity(name: str) -> str:
    return ArrayName.parse(name).quantity


def writable(case: Case) -> Case:
    """Return a case whose arrays can be written into: a later stage judges such a write."""
    return Case.of(case.config, {name: array.copy() for name, array in case.arrays.items()})


class _Key:
    """A case by its identity, for a cache."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.case is self.case

    def __hash__(self) -> int:
        return id(self.case)


def expected(case: Case) -> Mapping[str, Array]:
    """Return every array that a right network answers to a case, by the harness's names."""
    return _expected(_Key(case))


@functools.lru_cache(256)
def _expected(key: _Key) -> Mapping[str, Array]:
    found = answers(key.case)
    every = found["every_logits"]
    return found | {
        "last": found["hidden"][:, -1],
        "probabilities": softmax(every[:, -1]),
        "every_probabilities": softmax(every),
        "sigmoids": 1 / (1 + np.exp(-every[:, -1])),
        "every_sigmoids": 1 / (1 + np.exp(-every)),
        "log_probabilities": np.log(softmax(every[:, -1])),
        "every_log_probabilities": np.log(softmax(every)),
    }


def is_right(found: Array, right: Array) -> bool:
    """Return whether all entries are right, to the digits that float32 has."""
    return share(found, right) == 1.0


def share(found: Array, right: Array) -> float:
    """Return the share of entries that are right, to the digits that float32 has."""
    if found.shape != right.shape or found.dtype.kind not in "fiu" or not found.size:
        return 0.0
    scale = np.abs(right).max() + 1e-30
    with np.errstate(all="ignore"):
        close = np.abs(found - right) <= 1e-6 * scale + 1e-5 * np.abs(right)
    return float(close.mean())
