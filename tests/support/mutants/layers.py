"""Mutants with several layers, two directions, or another way to call them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from parity.model.cell import Cell
from parity.model.config import Config
from tests.support.mutants.mutant import Stages, mutant, where
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork
WEIGHTS = ("W_x", "W_h", "b")


def _both_ways(config: Config) -> bool:
    return config.bidirectional


def _one_way(config: Config) -> bool:
    """Whether a layer's states are as wide as the input of an upper layer"""
    return not config.bidirectional


def _sharing(owner: Callable[[Cell], Cell], *names: str) -> Stages:
    """Let a cell use another cell's weights; its gradients stay its own."""

    def weight(net: Net, cell: Cell, of: str) -> Array:
        return Net.weight(net, owner(cell) if of in names else cell, of)

    return {"weight": weight}


# -- initial states --------------------------------------------------------------------------------


def _direction_first(net: Net, cell: Cell) -> Array:
    place = cell.reverse * net.config.layers + cell.layer
    return Net.initial_state(net, net.config.cells[place])


def _first_layer_alone(net: Net, cell: Cell) -> Array:
    return Net.initial_state(net, cell) * (cell.layer == 0)


def _ones_for_none(net: Net, cell: Cell) -> Array:
    return Net.initial_state(net, cell) + (net.config.initial == "absent")


# -- layers ----------------------------------------------------------------------------------------


def _input_of_the_second(net: Net, layer: int, below: Sequence[list[Pass]]) -> Array:
    return Net.layer_input(net, min(layer, 1), below[:1])


def _through_the_last(
    net: Net, d_output: Array, d_finals: Mapping[Cell, Array]
) -> dict[str, Array]:
    states = [one.states for one in net.layers[-1]]
    net.layers = [
        [replace(one, states=last) for one, last in zip(layer, states, strict=True)]
        for layer in net.layers
    ]
    return Net.backward(net, d_output, d_finals)


def _own_states_for_inputs(net: Net, one: Pass, da: Array) -> Array:
    inputs = one.states[:, 1:] if one.cell.layer else one.x
    return net.accumulated("W_x", net.products(inputs, da))


def _down_through_W_h(net: Net, one: Pass, da: Array) -> Array:
    return da @ net.weight(one.cell, "W_h" if one.cell.layer else "W_x").T


def _finals_of_the_last(net: Net) -> dict[Cell, Array]:
    last = [net.final(one) for one in net.layers[-1]]
    return {cell: last[cell.reverse] for cell in net.config.cells}


def _last_final_alone(net: Net, cell: Cell, d_finals: Mapping[Cell, Array]) -> Array:
    return Net.d_final(net, cell, d_finals) * (cell.layer == net.config.layers - 1)


# -- directions ------------------------------------------------------------------------------------


def _outputs_unturned(net: Net, layer: list[Pass]) -> Array:
    """States in the order of the cell's steps instead of time; padding is still zero"""
    own = net.own_steps()[..., None]
    return net.joined([np.where(own, one.states[:, 1:], 0) for one in layer])


def _gradients_unturned(net: Net, one: Pass, d_output: Array) -> Array:
    return net.share(one.cell, d_output) * net.own_steps()[..., None]


def _share_of_the_other(net: Net, cell: Cell, joined: Array) -> Array:
    return Net.share(net, replace(cell, reverse=not cell.reverse), joined)


def _final_at_last_step(net: Net, one: Pass) -> Array:
    return net.cell_output(one)[:, 0] if one.cell.reverse else Net.final(net, one)


# -- calls -----------------------------------------------------------------------------------------


def _reshaped(net: Net, x: Array) -> Array:
    """(steps, batch, features) as (batch, steps, features)"""
    return x.reshape(net.config.batch, net.config.steps, net.config.features)


def _initial_everywhere(net: Net, one: Pass) -> Array:
    return np.broadcast_to(one.states[:, :1], one.states[:, 1:].shape)


def _of_first_step(net: Net, one: Pass, by_cell: Array) -> Array:
    """Row 0 of the supposed batch"""
    return net.in_order(one.cell, by_cell)[:, 0]


def _each_step_alone(net: Net, one: Pass, d_states: Array, d_final: Array) -> Array:
    """One final state for every step"""
    return Net.back_through_time(net, one, d_states + d_final[:, None], d_final * 0)


STEPS_AS_BATCH = where(
    lambda config: config.call == "unbatched",
    previous=lambda net, states: states[0],
    states_before=_initial_everywhere,
    final=lambda net, one: _of_first_step(net, one, one.states[:, 1:]),
    given_gradients=lambda net: (
        net.array("upstream"),
        {cell: net.upstream_final(cell) for cell in net.config.cells},
    ),
    back_through_time=_each_step_alone,
    carried=lambda net, one, da_t, t: da_t * 0,
    d_h_0=lambda net, one, da: net.one_step_back(one, _of_first_step(net, one, da)),
)


# -- no bias ---------------------------------------------------------------------------------------


def _zero_biases(net: Net) -> dict[str, Array]:
    biases = {cell.name("b"): net.zeros(net.config.hidden) for cell in net.config.cells}
    return {**biases, **Net.parameters(net)}


MUTANTS = (
    mutant("layers-read-first", "l3", layer_input=_input_of_the_second),
    mutant("layers-share-wh", "l2", **_sharing(lambda cell: replace(cell, layer=0), "W_h")),
    mutant("layers-share-bias", "l2", **_sharing(lambda cell: replace(cell, layer=0), "b")),
    mutant(
        "layers-share-upper-weights",
        "layer-l3",
        **_sharing(lambda cell: replace(cell, layer=min(cell.layer, 1)), *WEIGHTS),
    ),
    mutant(
        "h0-shared-by-cells",
        "bi",
        initial_state=lambda net, cell: Net.initial_state(net, net.config.cells[0]),
    ),
    mutant("h0-direction-major", "l2-bi", initial_state=_direction_first),
    mutant("h0-first-layer-only", "l2", initial_state=_first_layer_alone),
    mutant("h0-absent-ones", "withouth0", initial_state=_ones_for_none),
    mutant("layers-detached-below-last", "l2", passed_down=lambda net, layer, d: d * 0),
    mutant("layers-backward-states-of-last", "l2", backward=_through_the_last),
    mutant("layers-wx-gradient-own-states", "l2", **where(_one_way, d_W_x=_own_states_for_inputs)),
    mutant("layers-gradient-down-through-wh", "l2", **where(_one_way, d_inputs=_down_through_W_h)),
    mutant("layers-final-of-last", "layer-l2", finals=_finals_of_the_last),
    mutant("layers-final-gradient-missing-below", "layer-l2", d_final=_last_final_alone),
    mutant("directions-reverse-reads-forward", "bi", in_order=lambda net, cell, by_step: by_step),
    mutant(
        "directions-outputs-unturned",
        "bi",
        output=_outputs_unturned,
        d_states=_gradients_unturned,
    ),
    mutant("directions-gradients-unturned", "layer-bi", d_states=_gradients_unturned),
    mutant(
        "directions-swapped",
        "l2-bi",
        joined=lambda net, directions: Net.joined(net, directions[::-1]),
        **where(_both_ways, share=_share_of_the_other),
    ),
    mutant(
        "directions-share-weights",
        "bi",
        **_sharing(lambda cell: replace(cell, reverse=False), *WEIGHTS),
    ),
    mutant(
        "directions-input-gradient-reverse-only",
        "l2-bi",
        together=lambda net, d_inputs: d_inputs[-1],
    ),
    mutant("directions-final-at-last-step", "bi-own", final=_final_at_last_step),
    mutant(
        "time-first-reshaped",
        "layer-timefirst",
        **where(lambda config: config.call == "time-first", read=_reshaped),
    ),
    mutant("unbatched-steps-as-batch", "b1-layer-unbatched", **STEPS_AS_BATCH),
    mutant("bias-absent-learned", "biasoff-u2", parameters=_zero_biases),
)
