"""Mutants that compute another pre-activation, or another activation."""

from collections.abc import Sequence

import numpy as np

from parity.model.cell import Cell
from tests.support.mutants.mutant import Stages, mutant, numbered
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


def _without_bias(net: Net, cell: Cell, x_t: Array, h: Array) -> Array:
    return net.from_input(cell, x_t) + net.from_state(cell, h)


def _bias_twice(net: Net, cell: Cell, x_t: Array, h: Array) -> Array:
    return Net.preactivation(net, cell, x_t, h) + net.weight(cell, "b")


def _bias_once(net: Net, cell: Cell, x_t: Array, states: Sequence[Array], t: int) -> Array:
    if t == 0:
        return Net.one_step(net, cell, x_t, states, t)
    return net.activation(_without_bias(net, cell, x_t, states[-1]))


def _weight_in_torchs_layout(net: Net, cell: Cell, of: str) -> Array:
    right = Net.weight(net, cell, of)
    return right.T if of == "W_h" else right


def _d_W_h_in_torchs_layout(net: Net, one: Pass, da: Array) -> Array:
    return Net.d_W_h(net, one, da).T


def _last_not_activated(net: Net, cell: Cell, x_t: Array, states: Sequence[Array], t: int) -> Array:
    if t < net.config.steps - 1:
        return Net.one_step(net, cell, x_t, states, t)
    return net.preactivation(cell, x_t, states[-1])


def _by_exponentials(net: Net, a: Array) -> Array:
    up, down = np.exp(a), np.exp(-a)
    return (up - down) / (up + down)


def _leaky(slope: float) -> Stages:
    return {
        "relu": lambda net, a: np.maximum(a, slope * a),
        "relu_slope": lambda net, h: np.where(h > 0, 1, slope),
    }


MUTANTS = (
    mutant("bias-missing", preactivation=_without_bias),
    mutant("bias-twice", preactivation=_bias_twice),
    mutant("bias-first-step-only", one_step=_bias_once),
    mutant("wh-transposed-forward", from_state=lambda net, cell, h: h @ net.weight(cell, "W_h").T),
    mutant(
        "wh-transposed-throughout", weight=_weight_in_torchs_layout, d_W_h=_d_W_h_in_torchs_layout
    ),
    mutant("recurrence-missing", from_state=lambda net, cell, h: h * 0),
    mutant("input-missing", from_input=lambda net, cell, x_t: 0),
    mutant(
        "activation-always-tanh",
        "relu",
        activation=lambda net, a: net.tanh(a),
        slope=lambda net, h: net.tanh_slope(h),
    ),
    mutant(
        "activation-always-relu",
        activation=lambda net, a: net.relu(a),
        slope=lambda net, h: net.relu_slope(h),
    ),
    mutant(
        "activation-sigmoid",
        activation=lambda net, a: 1 / (1 + np.exp(-a)),
        slope=lambda net, h: h * (1 - h),
    ),
    mutant(
        "activation-identity",
        activation=lambda net, a: a,
        slope=lambda net, h: np.ones_like(h),
    ),
    mutant("activation-missing-forward", activation=lambda net, a: a),
    mutant("tanh-overflow", "huge", tanh=_by_exponentials),
    mutant("activation-missing-last-step", one_step=_last_not_activated),
    numbered("relu-leaky", 0.1, _leaky, "relu"),
)
