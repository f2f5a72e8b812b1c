"""The catalogue: mistakes that people make in recurrent networks written by hand.

Each replaces a stage of `reference.textbook`. Their number in `seen` is how many of about eighty
public implementations made it.
"""

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

__all__ = ["CATALOGUE"]
