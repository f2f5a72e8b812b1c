"""The catalogue: mistakes that people make in recurrent networks written by hand.

Each replaces a stage of `reference.textbook`. Their number in `seen` is how many of about eighty
public implementations made it.
"""

from parity.mistake import Mistake
from reference.mistakes import (
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

__all__ = ["CATALOGUE"]
