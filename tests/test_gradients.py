"""The grid, backward: the gradient of every parameter and input."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Check
    from parity.cases.grid import Group


def test_gradients(group: "Group", check: "Check") -> None:
    """Every gradient is autograd's, to rounding."""
    check(group, "gradients")
