"""Mutants: the plain network with one mistake, for every mistake of the catalogue, by its slug.

A mutant is one entry in the file of its part of the computation. It names the stages of
`tests.support.plain.PlainNetwork` that it replaces, each by a function that takes the network and
the stage's arguments, and the id of a configuration that shows it:

    mutant("bias-twice", preactivation=_bias_twice)
    mutant("loss-doubled", loss=lambda net, *given: 2 * PlainNetwork.loss(net, *given))
    mutant("relu-derivative-state-itself", "relu", relu_slope=lambda net, h: h)

A mutant with a number is a function of it: `numbered("relu-leaky", 0.1, _leaky, "relu")`. If stages
are wrong with an option alone, `where` makes them. A new file adds its `MUTANTS` below. Each mutant
is written from the sentence of its mistake, in NumPy alone, so that a mutant and the catalogue's
own planting check each other (`tests/support/test_mutants.py`).
"""

from collections.abc import Mapping
from types import MappingProxyType

from tests.support.mutants import (
    backward,
    dropout,
    forward,
    head,
    layers,
    lengths,
    loss_options,
    optimiser,
    parameters,
    pooling,
    reading,
    step,
)
from tests.support.mutants.mutant import Mutant, MutantError, combined

PLAIN: Mapping[str, Mutant] = MappingProxyType(
    {
        each.slug: each
        for part in (reading, forward, head, backward, parameters, step)
        for each in part.MUTANTS
    }
)
"""Mutants whose mistake needs no option."""

OPTIONS: Mapping[str, Mutant] = MappingProxyType(
    {
        each.slug: each
        for part in (layers, lengths, dropout, pooling, loss_options, optimiser)
        for each in part.MUTANTS
    }
)
"""Mutants whose mistake is in an option."""

MUTANTS: Mapping[str, Mutant] = MappingProxyType({**PLAIN, **OPTIONS})
"""All mutants by their slugs."""

__all__ = ["MUTANTS", "OPTIONS", "PLAIN", "Mutant", "MutantError", "combined"]
