"""Mutants that misread the input, the labels or the initial state."""

from collections.abc import Callable

import numpy as np

from tests.support.mutants.mutant import Stage, mutant
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array


def _batch_and_time_swapped(net: PlainNetwork, x: Array) -> Array:
    batch, steps, features = x.shape
    return x.reshape(steps, batch, features).swapaxes(0, 1)


def _first(state: Callable[[Pass], Array]) -> Stage:
    """Use another state before the first step, in the gradient of W_h."""

    def states_before(net: PlainNetwork, one: Pass) -> Array:
        before = PlainNetwork.states_before(net, one).copy()
        before[:, 0] = state(one)
        return before

    return states_before


MUTANTS = (
    mutant("input-reshape-for-transpose", read=_batch_and_time_swapped),
    mutant("input-reversed", read=lambda net, x: x[:, ::-1]),
    mutant("input-one-step-late", read=lambda net, x: np.roll(x, 1, axis=1)),
    mutant("input-one-step-early", read=lambda net, x: np.roll(x, -1, axis=1)),
    mutant("labels-from-one", labels=lambda net: (net.case.labels - 1) % net.config.classes),
    mutant("h0-ignored", initial_state=lambda net, cell: net.array("h_0") * 0),
    mutant("wh-gradient-h0-zero", states_before=_first(lambda one: one.states[:, 0] * 0)),
    mutant("wh-gradient-h0-final-state", states_before=_first(lambda one: one.states[:, -1])),
    mutant("state-never-advanced", previous=lambda net, states: states[0]),
    mutant("recurrence-two-steps-back", previous=lambda net, states: states[-2:][0]),
)
