"""The grid, one step of SGD: every parameter afterwards."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Check
    from parity.cases.grid import Group


def test_sgd_step(group: "Group", check: "Check") -> None:
    """Every parameter is PyTorch's after one step, and its own gradient's."""
    check(group, "step")
