"""Mutants of a classifier's pooling over a sequence's states: own, mean, maximum."""

from collections.abc import Callable, Sequence

import numpy as np

from parity.model.config import Config
from tests.support.mutants.mutant import Stages, mutant, where
from tests.support.plain import PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


def _to_every_step(net: Net, d_pooled: Array, hidden: Array) -> Array:
    return np.broadcast_to(d_pooled[:, None], hidden.shape)


def _to_last_step(net: Net, d_pooled: Array, hidden: Array) -> Array:
    found = np.zeros_like(hidden)
    found[:, -1] = d_pooled
    return found


# -- own -------------------------------------------------------------------------------------------


def _own(config: Config) -> bool:
    return config.pool == "own"


def _own_read_from(step: Callable[[Net], Array]) -> Stages:
    """Read both directions' own last states from the outputs of one step, forward and backward.

    step: of every sequence, (batch,).
    """

    def pooled(net: Net, states: Array, finals: Sequence[Array]) -> Array:
        return states[np.arange(len(states)), step(net) + 1]

    def unpooled(net: Net, d_pooled: Array, hidden: Array) -> Array:
        found = np.zeros_like(hidden)
        found[np.arange(len(hidden)), step(net)] = d_pooled
        return found

    return where(_own, pooled=pooled, unpooled=unpooled, d_finals=lambda net, d_pooled: {})


MUTANTS = (
    mutant(
        "pool-mean-counts-padding",
        "unsorted-meanpool",
        counted_steps=lambda net: net.zeros(net.config.batch, 1) + net.config.steps,
    ),
    mutant("pool-mean-gradient-undivided", "meanpool", unpooled_mean=_to_every_step),
    mutant("pool-mean-gradient-last-step-only", "meanpool", unpooled_mean=_to_last_step),
    mutant("pool-max-gradient-every-step", "maxpool", unpooled_max=_to_every_step),
    mutant("pool-max-gradient-last-step", "maxpool", unpooled_max=_to_last_step),
    mutant(
        "pool-max-counts-padding",
        "unsorted-maxpool",
        winners=lambda net, hidden: hidden.argmax(axis=1),
    ),
    mutant(
        "pool-own-reads-last-step",
        "unsorted-own",
        **_own_read_from(lambda net: np.full(net.config.batch, net.config.steps - 1)),
    ),
    mutant(
        "pool-own-reverse-at-end",
        "bi-unsorted-own",
        **_own_read_from(lambda net: net.lengths() - 1),
    ),
)
