"""The data of every stage of the plain network: the case, the weights, the number format."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parity.model.case import Case
from parity.model.cell import Cell
from parity.model.config import Config

Array = NDArray[Any]


class Base:
    """The case that is computed, and numbers of its format.

    16-bit numbers are computed in float32 and rounded where they are stored, as in PyTorch.
    """

    case: Case
    config: Config
    weights: dict[str, Array]  # by their names; they change with every update

    def parameters(self) -> dict[str, Array]:
        """The trainable arrays at the beginning, by their names"""
        return {name: self.wide(array) for name, array in self.case.parameters.items()}

    def weight(self, cell: Cell, of: str) -> Array:
        """One cell's W_x, W_h or b; a layer without biases has zero for b"""
        name = cell.name(of)
        return self.weights[name] if name in self.weights else self.zeros(self.config.hidden)

    def array(self, name: str) -> Array:
        """One of the case's arrays of numbers"""
        return self.wide(getattr(self.case, name))

    def lengths(self) -> Array:
        """How many steps each sequence has: (batch,)"""
        config = self.config
        return self.case.lengths if config.packed else np.full(config.batch, config.steps)

    def own_steps(self) -> Array:
        """Whether a step is the sequence's own, not padding: (batch, steps)"""
        return np.arange(self.config.steps) < self.lengths()[:, None]

    def zeros(self, *shape: int) -> Array:
        """Zeros of the format that is computed in"""
        return np.zeros(shape, self.wide(self.case.x).dtype)

    def wide(self, array: Array) -> Array:
        """The array itself, or as float32 where its numbers have 16 bits"""
        return array.astype(np.float32) if array.dtype.itemsize == 2 else array

    def stored(self, array: Array) -> Array:
        """The array rounded to the case's format"""
        return self.wide(array.astype(self.case.x.dtype))

    def factor(self, number: float) -> float:
        """A factor as in PyTorch's `add(b, alpha=factor)`: 16-bit for 16-bit arrays"""
        return float(self.stored(np.asarray(number))) if self.case.x.itemsize == 2 else number

    def answered(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Arrays as the caller gets them: of the case's format"""
        return {name: np.asarray(a).astype(self.case.x.dtype) for name, a in arrays.items()}
