"""One cell: forward over its steps, and back through them."""

from collections.abc import Sequence
from typing import Any, Generic

import numpy as np

from parity.reference.equations.arithmetic import Arithmetic, M
from parity.reference.equations.given import Given


class CellEquations(Generic[M]):
    """The recurrence of one direction of one layer, and its gradients.

    Every list is in the order of the cell's own steps: t is the place in that order. Where a
    sequence has ended, or in the other direction has not begun, its state stays as it is.
    """

    do: Arithmetic[M]

    # -- forward ---------------------------------------------------------------------------------

    def forward(self, given: Given[M]) -> list[M]:
        """h[t] = f(a[t]), from h_0; returns h_0 and then every hidden state."""
        states = [given.h_0]
        for t, x_t in enumerate(given.x):
            h = self.activation(given, self.preactivation(given, x_t, states[-1]))
            states.append(self.or_else(given, t, h, states[-1]))
        return states

    def or_else(self, given: Given[M], t: int, own: M, otherwise: M | None) -> M:
        """What step t gives; where a sequence has no such step, what it is otherwise; None: zero"""
        valid = given.valid[t]
        return own if valid is None else self.do.selected(valid, own, otherwise)

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
    ) -> list[M]:
        """da[t] = dh[t] * f'(a[t]),  dh[t] = upstream[t] + da[t+1] W_h^T; returns da by t.

        A state that stayed hands its gradient on as it is.
        """
        da: list[M] = []
        dh = None
        for t in reversed(range(len(given.x))):
            from_loss = upstream[t]
            dh = from_loss if dh is None else dh if from_loss is None else dh + from_loss
            assert dh is not None  # the last step has an upstream gradient
            da.append(self.or_else(given, t, self.through_activation(given, states, dh, t), None))
            dh = self.or_else(given, t, self.carried(given, da[-1], t - 1), dh) if t else None
        return da[::-1]

    def through_activation(self, given: Given[M], states: list[M], dh: M, t: int) -> M:
        """da[t] = dh[t] * f'(a[t]); states[t + 1] is h[t]"""
        da = dh * self.slope(given, states[t + 1], t)
        return self.do.rounded(given.cell.name("da"), da)

    def carried(self, given: Given[M], da: M, t: int) -> M:
        """What step t, or h_0 for t = -1, gets from the next one: da[t+1] W_h^T"""
        return da @ given.W_h.T

    def slope(self, given: Given[M], h: M, t: int) -> M:
        """f'(a) from h = f(a): 1 - h^2 for tanh, 1 where h > 0 for relu"""
        return self.do.slope(given.case.config.activation, h, given.gates[t])

    def layer_gradients(self, given: Given[M], states: list[M], da: list[M]) -> dict[str, Any]:
        """The gradients by the cell's parameters and inputs.

        dW_x = sum_t x[t]^T da[t],  dW_h = sum_t h[t-1]^T da[t],  db = sum_t,n da[t],
        dx[t] = da[t] W_x^T,  dh_0 = da[0] W_h^T
        """
        W_x_T = given.W_x.T
        return {
            "W_x": self.over_time("W_x", self.products(given.x, da)),
            "W_h": self.over_time("W_h", self.products(self.previous(states), da)),
            "b": self.over_time("b", [self.do.column_sums(gradient) for gradient in da]),
            "x": [gradient @ W_x_T for gradient in da],
            "h_0": self.carried(given, self.first(given, da), -1),
        }

    def first(self, given: Given[M], da: list[M]) -> M:
        """da of each sequence's first step, which the other direction begins late"""
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

    def over_time(self, name: str, terms: list[M]) -> M:
        """The sum over t of one parameter's terms, from the last step to the first"""
        total = terms[-1]
        for term in terms[-2::-1]:
            total = total + term
        return total
