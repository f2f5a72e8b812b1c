"""The grid, forward: hidden states, logits, loss."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Check
    from parity.cases.grid import Group


def test_forward(group: "Group", check: "Check") -> None:
    """Every hidden state, logit and loss is PyTorch's, to rounding."""
    check(group, "forward")
