"""Errors that the catalogue lacks: a diagnosis must not name them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from parity.model.cell import Cell
from tests.support.mutants.mutant import Mutant, mutant
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


def _with_a_dead_unit(net: Net, cell: Cell, x: Array, own: Array) -> Pass:
    one = Net.run_cell(net, cell, x, own)
    states = one.states.copy()
    states[:, 1:, 0] = 0
    return replace(one, states=states)


def _without_first_feature(net: Net, one: Pass, da: Array) -> Array:
    d_W_x = Net.d_W_x(net, one, da)
    d_W_x[0] = 0
    return d_W_x


def _damped(net: Net, one: Pass, dh: Array, t: int) -> Array:
    right = Net.through_activation(net, one, dh, t)
    return right if t == one.steps - 1 else 0.9 * right


def _noisy(net: Net, da: Array) -> Array:
    return Net.d_b(net, da) * (1 + 1e-6 * np.arange(net.config.hidden))


def _of_every_second_row(net: Net, one: Pass, da: Array) -> Array:
    odd = da.copy()
    odd[::2] = 0
    return Net.d_W_h(net, one, odd)


def _x_in_another_order(net: Net, gradients: Mapping[str, Array]) -> dict[str, Array]:
    return {**gradients, "x": gradients["x"][::-1]}


def _smoothed(net: Net, logits: Array, labels: Array) -> Array:
    smoothed = 0.9 * net.onehot(labels) + 0.1 / net.config.classes
    return (net.softmax(logits) - smoothed) / len(labels)


def _by_squares_in_the_head(net: Net, name: str, heading: Array) -> Array:
    return Net.step(net, name, heading**2 if name in ("W_out", "b_out") else heading)


def _with_an_odd_entry(net: Net, cell: Cell, h: Array) -> Array:
    W_h = net.weight(cell, "W_h").copy()
    W_h[0, -1] += 1e-5
    return h @ W_h


UNKNOWN: Mapping[str, Mutant] = MappingProxyType(
    {
        each.slug: each
        for each in (
            mutant("unit-dead", run_cell=_with_a_dead_unit),
            mutant("wx-gradient-scaled", d_W_x=lambda net, *given: 1.37 * Net.d_W_x(net, *given)),
            mutant("wx-gradient-first-feature-missing", d_W_x=_without_first_feature),
            mutant("activation-polynomial", activation=lambda net, a: a - a**3 / 3),
            mutant("bptt-damped", through_activation=_damped),
            mutant("b-gradient-noisy", d_b=_noisy),
            mutant("wh-gradient-every-second-row", d_W_h=_of_every_second_row),
            mutant("x-gradient-rows-reversed", finished=_x_in_another_order),
            mutant("logit-gradient-smoothed", d_logits=_smoothed),
            mutant("step-head-gradient-squared", step=_by_squares_in_the_head),
            mutant("logits-temperature", logits=lambda net, h: Net.logits(net, h) / 1.5),
            mutant("wh-entry-misread", from_state=_with_an_odd_entry),
        )
    }
)
"""The errors by names that no mistake of the catalogue has."""
