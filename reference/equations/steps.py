"""Steps that not every sequence has, and sums over them: for the cell and for the head."""

from collections.abc import Sequence
from typing import Generic

from parity.reference.equations.arithmetic import Arithmetic, M
from parity.reference.equations.given import Given


class StepEquations(Generic[M]):
    """A value at a step that not every sequence has, and a sum over the steps."""

    do: Arithmetic[M]

    def or_else(self, given: Given[M], t: int, own: M, otherwise: M | None) -> M:
        """`own`, the value of step t; `otherwise`, or zero, where a sequence has no such step"""
        valid = given.valid[t]
        return own if valid is None else self.do.selected(valid, own, otherwise)

    def masked(self, given: Given[M], values: Sequence[M]) -> list[M]:
        """Values by step, zero where a sequence has no such step"""
        return [self.or_else(given, t, value, None) for t, value in enumerate(values)]

    def over_time(self, name: str, terms: list[M]) -> M:
        """The sum over t of one parameter's terms, from the last step to the first"""
        total = terms[-1]
        for term in terms[-2::-1]:
            total = total + term
        return total
