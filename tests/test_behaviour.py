"""The grid, behaviour: what holds for any recurrent layer, asked in other ways."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Check
    from parity.cases.grid import Group


def test_behaviour(group: "Group", check: "Check") -> None:
    """Rows are independent, and a layer's gradients linear in its upstream gradients."""
    check(group, "behaviour")
