"""The grid, forward: hidden states, logits, loss."""

from parity.gate.grid.test_forward import test_forward

__all__ = ["test_forward"]
