"""Joining: the answers of all steps together, and those of every layer and direction apart.

In: what the calls of a session have answered. Out: arrays by the harness's shapes.
"""

from typing import Any

import numpy as np

from parity.adapter import borders
from parity.model.case import Array
from parity.model.cell import Cell

SUMMED_LAST = ("grad/h_0",)
"""Answers of a loop over steps of which the last one counts."""

BY_STEP = ("hidden", "every_logits", "grad/x", "delta")
"""Answers of a loop over steps that are joined along time."""

AXES_OF_STEPS = 3
"""The axes of such an answer that has all steps: (batch, steps, ...)."""


def of_cell(cell: Cell) -> dict[str, Any]:
    """Return the names by which an expression knows a layer and a direction."""
    return {
        "layer": cell.layer,
        "reverse": "_reverse" if cell.reverse else "",
        "direction": int(cell.reverse),
    }


def split(value: Any, axes: int, count: int) -> list[Any]:
    """Return the arrays of `count` cells: those of a list, those along a further first axis."""
    if isinstance(value, (list, tuple)) and len(value) == count > 1:
        return [borders.answer(item) for item in value]
    array = borders.answer(value)
    return list(array) if array.ndim == axes + 1 and len(array) == count else [array]


def joined(name: str, values: list[Array]) -> Array:
    """Return the answer of all steps: along time, a sum of gradients, or that of the last step."""
    if name in BY_STEP:
        return np.stack(values, axis=1)
    if name in SUMMED_LAST or not name.startswith("grad/"):
        return values[0] if name in SUMMED_LAST else values[-1]
    total: Array = np.sum(values, axis=0)
    return total
