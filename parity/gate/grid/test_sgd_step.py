"""The grid, one step of SGD: every parameter afterwards."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.cases.grid import Group
    from parity.gate.gate import Check


def test_sgd_step(parity_group: "Group", parity_check: "Check") -> None:
    """Every parameter after one step is PyTorch's, and follows from the subject's own gradient."""
    parity_check(parity_group, "step")
