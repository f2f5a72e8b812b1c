"""Mutants whose gradients are added up, divided or clipped otherwise."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from parity.model.config import Config
from tests.support.mutants.mutant import Stage, Stages, mutant, numbered
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork
RECURRENT, HEAD = ("W_x", "W_h", "b"), ("W_out", "b_out")
PARAMETERS = (*RECURRENT, *HEAD)


# -- over the steps --------------------------------------------------------------------------------


def _accumulated(
    total: Callable[[Sequence[Array]], Array], names: Collection[str] = RECURRENT
) -> Stage:
    """Replace the sum of the steps' terms for some parameters."""

    def accumulated(net: Net, of: str, terms: Sequence[Array]) -> Array:
        return total(terms) if of in names else Net.accumulated(net, of, terms)

    return accumulated


def _only_first(terms: Sequence[Array]) -> Array:
    return terms[0]


def _without_first(terms: Sequence[Array]) -> Array:
    return sum(terms[1:], start=terms[0] * 0)


def _two_steps_before(net: Net, one: Pass) -> Array:
    return np.concatenate([one.states[:, :1], one.states[:, :-2]], axis=1)


def _input_of_step_before(net: Net, one: Pass, da: Array) -> Array:
    return net.accumulated("W_x", net.products(np.roll(one.x, 1, axis=1), da))


# -- factors ---------------------------------------------------------------------------------------


def _finished(
    change: Callable[[Array, Config], Array], names: Collection[str] = PARAMETERS
) -> Stage:
    """Change some gradients after all are computed."""

    def finished(net: Net, gradients: Mapping[str, Array]) -> dict[str, Array]:
        changed = {n: change(g, net.config) for n, g in gradients.items() if n in names}
        return {**gradients, **changed}

    return finished


def _zero(*names: str) -> Stage:
    return _finished(lambda g, config: g * 0, names)


def _divided_by_batch(*names: str) -> Stage:
    return _finished(lambda g, config: g / config.batch, names)


# -- clipping --------------------------------------------------------------------------------------


def _by_value(limit: float) -> Stages:
    return {"finished": _finished(lambda g, config: np.clip(g, -limit, limit))}


def _recurrent_by_value(limit: float) -> Stages:
    return {"finished": _finished(lambda g, config: np.clip(g, -limit, limit), RECURRENT)}


def _between_steps(limit: float) -> Stages:
    def carried(net: Net, one: Pass, da_t: Array, t: int) -> Array:
        return np.clip(net.one_step_back(one, da_t), -limit, limit)

    return {"carried": carried}


def _by_preactivation(limit: float) -> Stages:
    def through_activation(net: Net, one: Pass, dh: Array, t: int) -> Array:
        return np.clip(Net.through_activation(net, one, dh, t), -limit, limit)

    return {"through_activation": through_activation}


def _by_norm(limit: float, beside: float = 0.0) -> Stages:
    """Scale all gradients where their common norm is larger than the limit."""

    def finished(net: Net, gradients: Mapping[str, Array]) -> dict[str, Array]:
        own = {n: g for n, g in gradients.items() if n in PARAMETERS}
        norm = np.sqrt(sum((g**2).sum() for g in own.values()))
        factor = limit / (norm + beside) if norm > limit else 1.0
        return {**gradients, **{n: g * factor for n, g in own.items()}}

    return {"finished": finished}


def _by_norm_as_torch(limit: float) -> Stages:
    return _by_norm(limit, 1e-6)


def _each_by_norm(limit: float) -> Stages:
    return {"finished": _finished(lambda g, config: g * min(1.0, limit / float(np.linalg.norm(g))))}


MUTANTS = (
    mutant("recurrent-gradients-overwritten", accumulated=_accumulated(_only_first)),
    mutant("wh-gradient-overwritten", accumulated=_accumulated(_only_first, ["W_h"])),
    mutant("wx-gradient-overwritten", accumulated=_accumulated(_only_first, ["W_x"])),
    mutant("b-gradient-overwritten", accumulated=_accumulated(_only_first, ["b"])),
    mutant("recurrent-gradients-last-step-only", accumulated=_accumulated(lambda terms: terms[-1])),
    mutant("recurrent-gradients-first-step-missing", accumulated=_accumulated(_without_first)),
    mutant(
        "recurrent-gradients-mean-over-time",
        accumulated=_accumulated(lambda terms: np.mean(terms, axis=0)),
    ),
    mutant("wh-gradient-state-of-same-step", states_before=lambda net, one: one.states[:, 1:]),
    mutant("wh-gradient-state-two-steps-back", states_before=_two_steps_before),
    mutant("wx-gradient-input-one-step-late", d_W_x=_input_of_step_before),
    mutant("wh-gradient-transposed", d_W_h=lambda net, one, da: Net.d_W_h(net, one, da).T),
    mutant("wx-gradient-zero", finished=_zero("W_x")),
    mutant("wh-gradient-zero", finished=_zero("W_h")),
    mutant("b-gradient-zero", finished=_zero("b")),
    mutant("wout-gradient-zero", finished=_zero("W_out")),
    mutant("bout-gradient-zero", finished=_zero("b_out")),
    mutant("x-gradient-zero", finished=_zero("x")),
    mutant("layer-gradients-zero", upstream=lambda net, d_output: d_output * 0),
    mutant("wx-gradient-batch-mean", finished=_divided_by_batch("W_x")),
    mutant("wh-gradient-batch-mean", finished=_divided_by_batch("W_h")),
    mutant("b-gradient-batch-mean", finished=_divided_by_batch("b")),
    mutant("b-gradient-batch-and-step-mean", d_b=lambda net, da: da.mean(axis=(0, 1))),
    mutant("bout-gradient-batch-mean", finished=_divided_by_batch("b_out")),
    mutant("x-gradient-batch-mean", finished=_divided_by_batch("x")),
    mutant("recurrent-gradients-batch-twice", finished=_divided_by_batch(*RECURRENT)),
    mutant("layer-gradients-batch-twice", upstream=lambda net, d: d / net.config.batch),
    mutant("layer-gradients-batch-sum", upstream=lambda net, d: d * net.config.batch),
    mutant("head-gradients-batch-twice", finished=_divided_by_batch(*HEAD)),
    mutant(
        "head-gradients-batch-sum", finished=_finished(lambda g, config: g * config.batch, HEAD)
    ),
    mutant(
        "recurrent-gradients-over-hidden",
        finished=_finished(lambda g, config: g / config.hidden, RECURRENT),
    ),
    numbered("clip-value-unasked", 0.1, _by_value),
    numbered("clip-value-unasked-recurrent", 0.1, _recurrent_by_value, "layer"),
    numbered("clip-value-unasked-in-bptt", 0.1, _between_steps, "layer"),
    numbered("clip-value-unasked-preactivation", 0.1, _by_preactivation, "layer"),
    numbered("clip-norm-unasked", 0.25, _by_norm),
    numbered("clip-norm-unasked-epsilon", 0.25, _by_norm_as_torch),
    numbered("clip-norm-unasked-each", 0.25, _each_by_norm),
)
