"""The grid, behaviour: relations that hold for any recurrent layer."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.cases.grid import Group
    from parity.gate.gate import Check


def test_behaviour(parity_group: "Group", parity_check: "Check") -> None:
    """Rows are independent, and a layer's gradients linear in its upstream gradients."""
    parity_check(parity_group, "behaviour")
