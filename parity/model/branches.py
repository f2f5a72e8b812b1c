"""Branches: the discrete choices of a run, which rounding can change.

They are relu's gates, and the step that a maximum over time comes from. When two right runs choose
differently, every gradient behind the choice differs by more than rounding. Both are right.

The stored states show the choices, except where they are zero or nearly so. Such a state was
perhaps computed one format up, or flushed to zero: it was positive before, and its gate open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from parity.model.case import Array, Case
from parity.model.comparison import is_comparable
from parity.model.config import Config
from parity.model.formats import FORMATS
from parity.model.trace import Trace, outputs

MOST_FAINT = 32
"""How many times the smallest normal number a state may be that others have flushed to zero."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Branches:
    """The choices of one run."""

    gates: Mapping[str, Array]  # by the layer's name: (batch, steps, width), whether h > 0
    winners: Array | None = None  # (batch, width): the step that the maximum comes from
    doubt: Mapping[str, Array] = field(default_factory=dict)  # gates that the states do not show

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

    def doubted(self, config: Config, trace: Trace, clean: Trace) -> Self:
        """Return these branches of `trace`, with the gates that its states do not show marked.

        A subnormal state was perhaps read as zero. A state of zero was perhaps positive before,
        if by the `clean` states, in float64, it is nearly zero and positive.
        """
        least = FORMATS[config.dtype].faint
        doubt = {}
        for name in self.gates:
            if name in trace and trace[name].shape == clean[name].shape:
                own = np.abs(trace[name].astype(np.float64))
                near = (clean[name] > 0) & (clean[name] <= MOST_FAINT * least)
                doubt[name] = (own < least) & ((own > 0) | near)
        return replace(self, doubt={name: array for name, array in doubt.items() if array.any()})

    def settled(self, trace: Trace, clean: "Branches") -> Self:
        """Return these branches of `trace`; those that its states do not show are as in `clean`.

        They are the gates in doubt, and which of two equal states is the larger one.
        """
        gates = {
            name: np.where(self.doubt[name], clean.gates[name], own) if name in self.doubt else own
            for name, own in self.gates.items()
        }
        winners = self.winners
        if winners is not None and clean.winners is not None and "hidden" in trace:
            mine, other = (_at(trace["hidden"], steps) for steps in (winners, clean.winners))
            winners = np.where(mine == other, clean.winners, winners)
        return replace(self, gates=gates, winners=winners, doubt={})

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
        doubt = {name: own[places] for name, own in self.doubt.items()}
        return type(self)(gates=gates, winners=winners, doubt=doubt)


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


def _at(states: Array, steps: Array) -> Array:
    """Return the states, (batch, width), at these steps."""
    own: Array = np.take_along_axis(states, steps[:, None], axis=1)[:, 0]
    return own


def _winners(case: Case, hidden: Array) -> Array:
    """Return the first step with the largest state, among each sequence's own steps."""
    states = hidden.astype(np.float64)
    winners: Array = np.where(valid(case)[:, :, None], states, -np.inf).argmax(axis=1)
    return winners
