"""One cell: forward over its steps, and back through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from parity.reference.equations.arithmetic import M
from parity.reference.equations.given import Given
from parity.reference.equations.steps import StepEquations


@dataclass(frozen=True, kw_only=True)
class StepBack(Generic[M]):
    """One step on the way back: the gradients that it passes to the step before."""

    da: M  # the gradient by the step's pre-activation
    dh: M | None = None  # the gradient by its state; a sequence without this step passes it on


class CellEquations(StepEquations[M]):
    """The recurrence of one direction of one layer, and its gradients.

    Every list is in the order of the cell's own steps: t is the place in that order. Where a
    sequence has ended, or in the other direction has not begun, its state stays as it is.
    """

    # -- forward ---------------------------------------------------------------------------------

    def forward(self, given: Given[M]) -> list[M]:
        """Return h_0 and then every hidden state, each from the one before."""
        states = [given.h_0]
        for _ in given.x:
            states.append(self.next_state(given, states))
        return states

    def next_state(self, given: Given[M], states: Sequence[M]) -> M:
        """The state that follows those so far; a sequence without this step keeps its last one"""
        t = len(states) - 1
        return self.or_else(given, t, self.state(given, t, states[-1]), states[-1])

    def state(self, given: Given[M], t: int, h: M) -> M:
        """h[t] = f(a[t]), from h[t-1]"""
        return self.activation(given, self.preactivation(given, given.x[t], h))

    def preactivation(self, given: Given[M], x_t: M, h: M) -> M:
        """a[t] = x[t] W_x + h[t-1] W_h + b"""
        return x_t @ given.W_x + h @ given.W_h + given.b

    def activation(self, given: Given[M], a: M) -> M:
        """h = tanh(a) or max(a, 0)"""
        h = self.do.activation(given.case.config.activation, a)
        return self.do.rounded(given.cell.name("hidden"), h)

    # -- backward --------------------------------------------------------------------------------

    def through_time(
        self, given: Given[M], states: list[M], upstream: Sequence[M | None]
    ) -> list[StepBack[M]]:
        """Return da[t] and dh[t] for every t: each from those of t + 1, the last step first."""
        steps: list[StepBack[M]] = []
        later = None
        for t in reversed(range(len(given.x))):
            later = self.step_back(given, states, upstream[t], later, t)
            steps.append(later)
        return steps[::-1]

    def step_back(
        self,
        given: Given[M],
        states: list[M],
        from_loss: M | None,
        later: StepBack[M] | None,
        t: int,
    ) -> StepBack[M]:
        """da[t] = dh[t] * f'(a[t]), and zero where a sequence has no step t

        from_loss: the upstream gradient by h[t]; None is zero. later: step t + 1; None at the end.
        """
        dh = self.by_state(given, from_loss, later, t)
        da = self.through_activation(given, states, dh, t)
        return StepBack(da=self.or_else(given, t, da, None), dh=dh)

    def by_state(
        self, given: Given[M], from_loss: M | None, later: StepBack[M] | None, t: int
    ) -> M:
        """dh[t] = upstream[t] + da[t+1] W_h^T, or + dh[t+1] where a sequence has no step t + 1"""
        if later is None:
            assert from_loss is not None  # the last step has an upstream gradient
            return from_loss
        dh = self.or_else(given, t + 1, self.carried(given, later.da, t), later.dh)
        return dh if from_loss is None else dh + from_loss

    def through_activation(self, given: Given[M], states: list[M], dh: M, t: int) -> M:
        """da[t] = dh[t] * f'(a[t]); states[t + 1] is h[t]"""
        da = dh * self.slope(given, states[t + 1], t)
        return self.do.rounded(given.cell.name("da"), da)

    def carried(self, given: Given[M], da: M, t: int) -> M:
        """da[t+1] W_h^T: the gradient that step t gets from the next one; t = -1 is h_0"""
        return da @ given.W_h.T

    def slope(self, given: Given[M], h: M, t: int) -> M:
        """f'(a) from h = f(a): 1 - h^2 for tanh, 1 where h > 0 for relu"""
        return self.do.slope(given.case.config.activation, h, given.gates[t])

    def layer_gradients(self, given: Given[M], states: list[M], da: list[M]) -> dict[str, Any]:
        """The gradients by the cell's parameters and inputs.

        dW_x = sum_t x[t]^T da[t],  dW_h = sum_t h[t-1]^T da[t],  db = sum_t,n da[t],
        dx[t] = da[t] W_x^T
        """
        W_x_T = given.W_x.T
        return {
            "W_x": self.over_time("W_x", self.products(given.x, da)),
            "W_h": self.over_time("W_h", self.products(self.previous(states), da)),
            "b": self.over_time("b", [self.do.column_sums(gradient) for gradient in da]),
            "x": [gradient @ W_x_T for gradient in da],
        }

    def by_initial(self, given: Given[M], steps: Sequence[StepBack[M]]) -> M:
        """dh_0 = da[0] W_h^T"""
        return self.carried(given, self.first(given, [step.da for step in steps]), -1)

    def first(self, given: Given[M], da: list[M]) -> M:
        """da of each sequence's first step; padding comes first in the other direction"""
        if given.valid[0] is None or given.valid[0].all():
            return da[0]
        begins = np.stack([valid for valid in given.valid if valid is not None]).argmax(axis=0)
        return self.do.chosen(da, begins)

    def previous(self, states: list[M]) -> list[M]:
        """h[t-1] for every t, h_0 the first"""
        return states[:-1]

    def products(self, inputs: Sequence[M], da: list[M]) -> list[M]:
        """inputs[t]^T da[t], by t"""
        return [a.T @ gradient for a, gradient in zip(inputs, da, strict=True)]
