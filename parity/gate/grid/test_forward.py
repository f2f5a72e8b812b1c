"""The grid, forward: hidden states, logits, loss."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.cases.grid import Group
    from parity.gate.gate import Check


def test_forward(parity_group: "Group", parity_check: "Check") -> None:
    """Every hidden state, logit and loss is PyTorch's, to rounding."""
    parity_check(parity_group, "forward")
