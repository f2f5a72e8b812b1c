"""The grid, behaviour: rules that hold for any recurrent layer, asked in other ways."""

from parity.gate.grid.test_behaviour import test_behaviour

__all__ = ["test_behaviour"]
