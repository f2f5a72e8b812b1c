"""The catalogue: mistakes that people make in recurrent networks written by hand.

Each replaces stages of the equations in `parity.reference.equations`. A mistake is found by its
slug, which never changes. `seen` is how many of about eighty public implementations made it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from parity.reference.mistakes import (
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
)
from parity.reference.mistakes.mistake import Mistake

CATALOGUE: tuple[Mistake, ...] = (
    *reading.MISTAKES,
    *forward.MISTAKES,
    *head.MISTAKES,
    *backward.MISTAKES,
    *parameters.MISTAKES,
    *layers.MISTAKES,
    *lengths.MISTAKES,
    *dropout.MISTAKES,
    *pooling.MISTAKES,
    *loss_options.MISTAKES,
    *optimiser.MISTAKES,
)

by_slug: Mapping[str, Mistake] = MappingProxyType({each.slug: each for each in CATALOGUE})
"""The mistakes by their slugs."""

__all__ = ["CATALOGUE", "by_slug"]
