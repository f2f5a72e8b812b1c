"""Mutants of SGD's options, of requested clipping, and of later updates."""

from collections.abc import Callable, Mapping

import numpy as np

from parity.model.cell import Cell
from parity.model.config import Config
from tests.support.mutants.mutant import Stages, mutant, where
from tests.support.plain import PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork
Gradients = Mapping[str, Array]


# -- momentum --------------------------------------------------------------------------------------


def _moving_average(net: Net, pull: Array, before: Array | None) -> Array:
    new = (1 - net.config.momentum) * pull
    return new if before is None else net.config.momentum * before + new


def _first_dampened(net: Net, pull: Array, before: Array | None) -> Array:
    return Net.velocity(net, pull, np.zeros_like(pull) if before is None else before)


def _undampened(net: Net, pull: Array, before: Array | None) -> Array:
    return pull if before is None else net.config.momentum * before + pull


def _nesterov(config: Config) -> bool:
    return config.nesterov


# -- weight decay ----------------------------------------------------------------------------------


def _decaying(times: Callable[[Array], float]) -> Stages:
    """Multiply the weight decay by a factor, which may depend on the weight."""

    def decayed(net: Net, name: str, gradient: Array) -> Array:
        weight = net.weights[name]
        return gradient + times(weight) * net.config.weight_decay * weight

    return {"decayed": decayed}


def _beside_velocity(net: Net, name: str, heading: Array) -> Array:
    return Net.step(net, name, heading + net.config.weight_decay * net.weights[name])


def _turned_with_decay(net: Net, name: str, gradient: Array) -> Array:
    """-(g + decay w), of -g"""
    return -Net.decayed(net, name, -gradient)


# -- clipping --------------------------------------------------------------------------------------


def _each_by_its_norm(net: Net, gradients: Gradients, limit: float) -> dict[str, Array]:
    alone = [Net.clipped_by_norm(net, {name: g}, limit) for name, g in gradients.items()]
    return {name: clipped for each in alone for name, clipped in each.items()}


def _norm_of_all(net: Net, gradients: Gradients) -> Array:
    others = {n: g for n, g in net.gradients.items() if n == "x" or n.startswith("h_0")}
    return Net.norm(net, {**gradients, **others})


def _without_head(net: Net, gradients: dict[str, Array]) -> dict[str, Array]:
    recurrent = {name: g for name, g in gradients.items() if not name.endswith("_out")}
    return {**gradients, **Net.clipped(net, recurrent)}


def _clipped_reported(net: Net, gradients: dict[str, Array]) -> dict[str, Array]:
    right = Net.reported(net, gradients)
    return {**right, **net.clipped({name: right[name] for name in net.weights})}


def _decayed_first(net: Net, gradients: dict[str, Array]) -> dict[str, Array]:
    """The gradient is clipped after the weight decay was added"""
    pulls = {n: Net.decayed(net, n, Net.downhill(net, g)) for n, g in gradients.items()}
    return Net.clipped(net, pulls)


# -- from one update to the next -------------------------------------------------------------------


def _added_up(net: Net, gradients: dict[str, Array]) -> dict[str, Array]:
    return {name: g + net.gradients.get(name, 0) for name, g in gradients.items()}


def _states_kept(net: Net, cell: Cell) -> Array:
    """The final state of the update before"""
    return net.finals()[cell] if net.layers else Net.initial_state(net, cell)


MUTANTS = (
    mutant("momentum-no-effect", "mom0.9-u2", velocity=lambda net, pull, before: pull),
    mutant("momentum-moving-average", "mom0.9-u2", velocity=_moving_average),
    mutant("momentum-first-dampened", "mom0.9-damp0.3", velocity=_first_dampened),
    mutant("momentum-dampening-ignored", "mom0.9-damp0.3-u2", velocity=_undampened),
    mutant("nesterov-ignored", "mom0.9-nesterov", heading=lambda net, pull, velocity: velocity),
    mutant(
        "nesterov-factor-missing",
        "mom0.9-nesterov-u2",
        **where(_nesterov, heading=lambda net, pull, velocity: pull + velocity),
    ),
    mutant(
        "nesterov-gradient-missing",
        "mom0.9-nesterov-u2",
        **where(_nesterov, heading=lambda net, pull, velocity: net.config.momentum * velocity),
    ),
    mutant("weight-decay-ignored", "wd0.1", **_decaying(lambda weight: 0)),
    mutant("weight-decay-wrong-sign", "wd0.1", **_decaying(lambda weight: -1)),
    mutant("weight-decay-doubled", "wd0.1", **_decaying(lambda weight: 2)),
    mutant("weight-decay-biases-missing", "wd0.1", **_decaying(lambda weight: weight.ndim > 1)),
    mutant(
        "weight-decay-decoupled",
        "mom0.9-wd0.1-u2",
        decayed=lambda net, name, gradient: gradient,
        step=_beside_velocity,
    ),
    mutant("maximize-ignored", "maximize", downhill=lambda net, gradient: gradient),
    mutant(
        "maximize-turns-weight-decay",
        "wd0.1-maximize",
        **where(lambda config: config.maximize, decayed=_turned_with_decay),
    ),
    mutant("clip-norm-each", "clipnorm0.1", clipped_by_norm=_each_by_its_norm),
    mutant(
        "clip-norm-scales-up",
        "clipnorm5",
        norm_factor=lambda net, norm, limit: limit / (norm + 1e-6),
    ),
    mutant(
        "clip-norm-counts-inputs",
        "clipnorm0.1",
        norm=_norm_of_all,
    ),
    mutant(
        "clip-norm-by-value",
        "clipnorm0.1",
        clipped_by_norm=lambda net, gradients, limit: net.clipped_by_value(gradients, limit),
    ),
    mutant(
        "clip-value-above-only",
        "clipvalue0.02",
        clipped_by_value=lambda net, gradients, limit: {
            name: np.minimum(g, limit) for name, g in gradients.items()
        },
    ),
    mutant(
        "clip-value-by-norm",
        "clipvalue0.02",
        clipped_by_value=lambda net, gradients, limit: net.clipped_by_norm(gradients, limit),
    ),
    mutant("clip-head-missing", "clipnorm0.1", clipped=_without_head),
    mutant("clip-reported-gradients", "clipnorm0.1", reported=_clipped_reported),
    mutant(
        "clip-after-weight-decay",
        "wd0.1-clipnorm0.1",
        clipped=_decayed_first,
        downhill=lambda net, gradient: gradient,
        decayed=lambda net, name, gradient: gradient,
    ),
    mutant("updates-gradients-added-up", "u2", finished=_added_up),
    mutant(
        "updates-first-gradients",
        "u2",
        finished=lambda net, gradients: net.gradients or gradients,
    ),
    mutant("updates-state-kept", "u2", initial_state=_states_kept),
)
