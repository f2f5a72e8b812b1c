"""The grid, one step of SGD: every parameter afterwards."""

from parity.gate.grid.test_sgd_step import test_sgd_step

__all__ = ["test_sgd_step"]
