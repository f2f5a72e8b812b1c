"""The catalogue: mistakes that people make in recurrent networks written by hand.

Each replaces a stage of `reference.textbook`. Their number in `seen` is how many of about eighty
public implementations made it.
"""

from parity.mistake import Mistake
from reference.mistakes import backward, forward, head, parameters, reading

CATALOGUE: tuple[Mistake, ...] = (
    *reading.MISTAKES,
    *forward.MISTAKES,
    *head.MISTAKES,
    *backward.MISTAKES,
    *parameters.MISTAKES,
)

__all__ = ["CATALOGUE"]
