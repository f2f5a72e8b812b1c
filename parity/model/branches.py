"""Branches: the discrete choices of a run, which rounding can change.

They are relu's gates, and the step that a maximum over time comes from. When two right runs choose
differently, every gradient behind the choice differs by more than rounding. Both are right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from parity.model.case import Array, Case
from parity.model.comparison import is_comparable
from parity.model.config import Config
from parity.model.trace import Trace, outputs


@dataclass(frozen=True, kw_only=True, eq=False)
class Branches:
    """The choices of one run."""

    gates: Mapping[str, Array]  # by the layer's name: (batch, steps, width), whether h > 0
    winners: Array | None = None  # (batch, width): the step that the maximum comes from

    @classmethod
    def of(cls, case: Case, trace: Trace, reference: Trace | None = None) -> Self | None:
        """Return the branches that the states of `trace` show; None where there is no choice.

        Where `trace` lacks an array, or it has another structure, the choice is as in `reference`.
        """
        if not has_branches(case.config):
            return None
        known = dict(reference or {})
        known |= {n: a for n, a in trace.items() if n not in known or is_comparable(a, known[n])}
        relu = case.config.activation == "relu"
        names = [name for name in outputs(case.config) if name in known]
        gates = {name: known[name] > 0 for name in names if relu}
        winners = None
        if case.config.pool == "max" and "hidden" in known:
            winners = _winners(case, known["hidden"])
        return cls(gates=gates, winners=winners)

    def same(self, other: "Branches") -> bool:
        """Return whether both made the same choices, wherever both are known."""
        shared = self.gates.keys() & other.gates.keys()
        gates = all(np.array_equal(self.gates[name], other.gates[name]) for name in shared)
        known = self.winners is not None and other.winners is not None
        return gates and (not known or np.array_equal(self.winners, other.winners))  # type: ignore[arg-type]

    def rows(self, places: slice) -> Self:
        """Return the branches of some sequences."""
        gates = {name: own[places] for name, own in self.gates.items()}
        winners = None if self.winners is None else self.winners[places]
        return type(self)(gates=gates, winners=winners)


def has_branches(config: Config) -> bool:
    """Return whether a network of `config` has any choice."""
    return config.activation == "relu" or config.pool == "max"


def valid(case: Case) -> Array:
    """Return which steps belong to a sequence and are not padding: (batch, steps)."""
    steps = np.arange(case.config.steps)
    if not case.config.packed:
        return np.ones((case.config.batch, case.config.steps), bool)
    own: Array = steps < case.more["lengths"][:, None]
    return own


def _winners(case: Case, hidden: Array) -> Array:
    """Return the first step with the largest state, among each sequence's own steps."""
    states = hidden.astype(np.float64)
    winners: Array = np.where(valid(case)[:, :, None], states, -np.inf).argmax(axis=1)
    return winners
