"""Mutants that go back through time wrongly: derivative, recurrence, upstream gradients."""

from typing import Any

import numpy as np

from tests.support.mutants.mutant import Stages, mutant, numbered
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


# -- the activation's derivative -------------------------------------------------------------------


def _derivative_twice(net: Net, one: Pass, dh: Array, t: int) -> Array:
    return Net.through_activation(net, one, dh, t) * net.slope(one.states[:, t + 1])


def _none_at_the_last_step(net: Net, one: Pass, dh: Array, t: int) -> Array:
    return dh if t == one.steps - 1 else Net.through_activation(net, one, dh, t)


# -- through time ----------------------------------------------------------------------------------


def _without_derivative(net: Net, one: Pass, d_states: Array, d_final: Array) -> Array:
    """dh[t] = d_states[t] + dh[t+1] W_h^T, and only then da[t] = dh[t] f'(a[t])"""
    da, dh = np.zeros_like(d_states), d_final
    for t in reversed(range(one.steps)):
        dh = dh + d_states[:, t]
        da[:, t] = net.through_activation(one, dh, t)
        dh = net.one_step_back(one, dh)
    return da


def _truncated(steps: float) -> Stages:
    """Go back through the last steps alone."""

    def back_through_time(net: Net, *given: Any) -> Array:
        da = Net.back_through_time(net, *given)
        da[:, : -int(steps)] = 0
        return da

    return {"back_through_time": back_through_time}


def _in_chunks(steps: float) -> Stages:
    """Pass nothing back from the first step of a chunk."""

    def carried(net: Net, one: Pass, da_t: Array, t: int) -> Array:
        return net.one_step_back(one, da_t) * (t % int(steps) != 0)

    return {"carried": carried}


def _without_first_step(net: Net, *given: Any) -> Array:
    da = Net.back_through_time(net, *given)
    da[:, 0] = 0
    return da


def _updated(net: Net, one: Pass, da: Array, since: int) -> Array:
    """W_h after a step with the gradient terms of step `since` and the steps after it"""
    d_W_h = np.einsum("nti,ntj->ij", one.states[:, since:-1], da[:, since:])
    return net.weight(one.cell, "W_h") - net.config.lr * d_W_h


def _updating(behind: int) -> Stages:
    """Let W_h take an SGD step at every step of the loop; the gradient goes back through it.

    behind: 0 where W_h moves before it is used, 1 where it moves at the end of the loop's body.
    """

    def back_through_time(net: Net, one: Pass, d_states: Array, d_final: Array) -> Array:
        da, dh = np.zeros_like(d_states), d_final
        for t in reversed(range(one.steps)):
            da[:, t] = net.through_activation(one, dh + d_states[:, t], t)
            dh = da[:, t] @ _updated(net, one, da, t + behind).T
        return da

    def d_h_0(net: Net, one: Pass, da: Array) -> Array:
        return da[:, 0] @ _updated(net, one, da, behind).T

    return {"back_through_time": back_through_time, "d_h_0": d_h_0}


# -- upstream gradients ----------------------------------------------------------------------------


def _last_everywhere(net: Net, d_output: Array) -> Array:
    last = d_output[:, -1:]
    return np.concatenate([d_output[:, :-1] + last, last], axis=1)


def _only_last(net: Net, d_output: Array) -> Array:
    return np.concatenate([d_output[:, :-1] * 0, d_output[:, -1:]], axis=1)


MUTANTS = (
    mutant("tanh-derivative-of-activated-value", tanh_slope=lambda net, h: 1 - np.tanh(h) ** 2),
    mutant("tanh-derivative-square-missing", tanh_slope=lambda net, h: 1 - h),
    mutant("tanh-derivative-square-misplaced", tanh_slope=lambda net, h: (1 - h) ** 2),
    mutant("tanh-derivative-wrong-sign", tanh_slope=lambda net, h: 1 + h**2),
    mutant("tanh-derivative-of-sigmoid", tanh_slope=lambda net, h: h * (1 - h)),
    mutant("tanh-derivative-of-relu", tanh_slope=lambda net, h: net.relu_slope(h)),
    mutant("relu-derivative-of-tanh", "relu", relu_slope=lambda net, h: net.tanh_slope(h)),
    mutant("relu-derivative-state-itself", "relu", relu_slope=lambda net, h: h),
    mutant("activation-derivative-missing", through_activation=lambda net, one, dh, t: dh),
    mutant("activation-derivative-twice", through_activation=_derivative_twice),
    mutant(
        "activation-derivative-step-before",
        through_activation=lambda net, one, dh, t: dh * net.slope(one.states[:, t]),
    ),
    mutant("activation-derivative-missing-last-step", through_activation=_none_at_the_last_step),
    mutant("bptt-missing", carried=lambda net, one, da_t, t: da_t * 0),
    mutant("bptt-wrong-sign", carried=lambda net, one, da_t, t: -net.one_step_back(one, da_t)),
    mutant("bptt-doubled", carried=lambda net, one, da_t, t: 2 * net.one_step_back(one, da_t)),
    mutant(
        "bptt-untransposed", one_step_back=lambda net, one, da_t: da_t @ net.weight(one.cell, "W_h")
    ),
    mutant(
        "bptt-untransposed-between-steps",
        carried=lambda net, one, da_t, t: da_t @ net.weight(one.cell, "W_h"),
    ),
    mutant("bptt-derivative-missing", back_through_time=_without_derivative),
    numbered("bptt-truncated", 3, _truncated),
    numbered("bptt-cut-into-chunks", 2, _in_chunks),
    mutant("bptt-first-step-missing", back_through_time=_without_first_step),
    mutant("bptt-wh-updated-before-use", **_updating(0)),
    mutant("bptt-wh-updated-after-use", **_updating(1)),
    mutant("upstream-last-at-every-step", upstream=_last_everywhere),
    mutant("upstream-last-only", "layer", upstream=_only_last),
    mutant("upstream-one-step-late", upstream=lambda net, d: np.roll(d, 1, axis=1)),
    mutant(
        "upstream-final-missing",
        "layer",
        upstream_final=lambda net, cell: Net.upstream_final(net, cell) * 0,
    ),
    mutant(
        "upstream-final-twice",
        "layer",
        upstream_final=lambda net, cell: Net.upstream_final(net, cell) * 2,
    ),
    mutant("h0-gradient-wh-missing", d_h_0=lambda net, one, da: da[:, 0]),
    mutant("h0-gradient-zero", d_h_0=lambda net, one, da: da[:, 0] * 0),
    mutant(
        "h0-gradient-untransposed",
        d_h_0=lambda net, one, da: da[:, 0] @ net.weight(one.cell, "W_h"),
    ),
)
