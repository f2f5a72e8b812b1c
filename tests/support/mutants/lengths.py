"""Mutants with sequences of different lengths: padding, and the order of packed rows."""

from collections.abc import Mapping

import numpy as np

from parity.model.cell import Cell
from parity.model.config import Config
from tests.support.mutants.mutant import mutant, where
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


def _packed(config: Config) -> bool:
    return config.packed


# -- padding ---------------------------------------------------------------------------------------


def _final_at_last_step(net: Net, one: Pass) -> Array:
    return Net.final(net, one) if one.cell.reverse else net.cell_output(one)[:, -1]


def _final_masked(net: Net, one: Pass, d_states: Array, d_final: Array) -> Array:
    return Net.back_through_time(net, one, d_states, d_final * one.own[:, -1:])


def _padding_counts(net: Net, one: Pass, d_output: Array) -> Array:
    return net.in_order(one.cell, net.share(one.cell, d_output))


def _padding_reaches_h_0(
    net: Net, d_output: Array, d_finals: Mapping[Cell, Array]
) -> dict[str, Array]:
    """In a reverse direction, the gradient by the padding goes to the initial state"""
    found, padding = Net.backward(net, d_output, d_finals), ~net.own_steps()[..., None]
    for one in net.layers[-1]:
        if one.cell.reverse:
            found[one.cell.name("h_0")] += (net.share(one.cell, d_output) * padding).sum(axis=1)
    return found


# -- the order of rows -----------------------------------------------------------------------------


def _order(net: Net) -> Array:
    """The rows as packing sorts them, the longest first: (batch,)"""
    return np.argsort(-net.case.lengths, kind="stable")


def _in_sorted_order(net: Net, name: str) -> Array:
    """All inputs of the layers, with their rows in the order of packing"""
    array = Net.array(net, name)
    read = name == "x" or name.startswith(("h_0", "mask_"))
    return array[_order(net)] if read else array


def _h_0_unsorted(net: Net, cell: Cell) -> Array:
    """Row i of h_0 for the row that packing sorts to place i"""
    return Net.initial_state(net, cell)[np.argsort(_order(net))]


MUTANTS = (
    mutant(
        "lengths-ignored",
        "unsorted-own",
        lengths=lambda net: np.full(net.config.batch, net.config.steps),
    ),
    mutant(
        "lengths-one-short",
        "unsorted-own",
        **where(_packed, lengths=lambda net: np.maximum(net.case.lengths - 1, 1)),
    ),
    mutant(
        "lengths-states-through-padding",
        "layer-unsorted",
        steps_of=lambda net, cell: np.ones_like(net.own_steps()),
    ),
    mutant(
        "lengths-padding-output-last-state",
        "unsorted",
        cell_output=lambda net, one: one.states[:, 1:],
    ),
    mutant("lengths-final-at-last-step", "layer-unsorted", final=_final_at_last_step),
    mutant("lengths-final-gradient-lost", "unsorted-own", back_through_time=_final_masked),
    mutant(
        "lengths-padding-gradient-passed-on",
        "layer-unsorted",
        d_states=_padding_counts,
        backward=_padding_reaches_h_0,
    ),
    mutant(
        "lengths-rows-left-sorted",
        "unsorted-own",
        **where(
            _packed,
            array=_in_sorted_order,
            lengths=lambda net: net.case.lengths[_order(net)],
        ),
    ),
    mutant(
        "lengths-h0-unsorted", "unsorted-meanpool", **where(_packed, initial_state=_h_0_unsorted)
    ),
)
