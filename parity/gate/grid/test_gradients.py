"""The grid, backward: the gradient of every parameter and input."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.cases.grid import Group
    from parity.gate.gate import Check


def test_gradients(parity_group: "Group", parity_check: "Check") -> None:
    """Every gradient is autograd's, to rounding."""
    parity_check(parity_group, "gradients")
