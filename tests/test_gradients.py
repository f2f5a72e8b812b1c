"""The grid, backward: the gradient of every parameter and input."""

from parity.gate.grid.test_gradients import test_gradients

__all__ = ["test_gradients"]
