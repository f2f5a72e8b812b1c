"""One cell of the plain network: over its steps, and back through them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parity.model.cell import Cell
from tests.support.plain.base import Array, Base


@dataclass(frozen=True, kw_only=True)
class Pass:
    """The inputs and outputs of a cell; everything is in the order of the cell's own steps."""

    cell: Cell
    x: Array  # (batch, steps, features), or the states of the layer below
    own: Array  # (batch, steps): whether the sequence has this step
    states: Array  # (batch, steps + 1, hidden): h_0, and then the state after every step

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self.x.shape[1]


class CellStages(Base):
    """h[t] = f(x[t] W_x + h[t-1] W_h + b) from h_0, and its gradients.

    Source: Elman 1990; Werbos 1990, "Backpropagation through time".
    """

    # -- forward ---------------------------------------------------------------------------------

    def run_cell(self, cell: Cell, x: Array, own: Array) -> Pass:
        """One cell over all steps; where a sequence has no such step, its state stays"""
        states = [self.initial_state(cell)]
        for t in range(x.shape[1]):
            h = self.stored(self.one_step(cell, x[:, t], states, t))
            states.append(np.where(own[:, t, None], h, states[-1]))
        return Pass(cell=cell, x=x, own=own, states=np.stack(states, axis=1))

    def initial_state(self, cell: Cell) -> Array:
        """h_0, or zero where none is given: (batch, hidden)"""
        if self.config.initial == "absent":
            return self.zeros(self.config.batch, self.config.hidden)
        return self.array(cell.name("h_0"))

    def one_step(self, cell: Cell, x_t: Array, states: Sequence[Array], t: int) -> Array:
        """h[t] = f(a[t]); `states` are those before: h_0 first, h[t-1] last"""
        return self.activation(self.stored(self.preactivation(cell, x_t, self.previous(states))))

    def previous(self, states: Sequence[Array]) -> Array:
        """The state that a step starts from: h[t-1]"""
        return states[-1]

    def preactivation(self, cell: Cell, x_t: Array, h: Array) -> Array:
        """a[t] = x[t] W_x + h[t-1] W_h + b"""
        return self.from_input(cell, x_t) + self.from_state(cell, h) + self.weight(cell, "b")

    def from_input(self, cell: Cell, x_t: Array) -> Array:
        """x[t] W_x"""
        return x_t @ self.weight(cell, "W_x")

    def from_state(self, cell: Cell, h: Array) -> Array:
        """h[t-1] W_h"""
        return h @ self.weight(cell, "W_h")

    def activation(self, a: Array) -> Array:
        """h = f(a)"""
        return self.tanh(a) if self.config.activation == "tanh" else self.relu(a)

    def tanh(self, a: Array) -> Array:
        """The hyperbolic tangent of a"""
        return np.tanh(a)

    def relu(self, a: Array) -> Array:
        """max(a, 0)"""
        return np.maximum(a, 0)

    # -- backward --------------------------------------------------------------------------------

    def back_through_time(self, one: Pass, d_states: Array, d_final: Array) -> Array:
        """da[t] = dh[t] f'(a[t]),  dh[t] = d_states[t] + da[t+1] W_h^T: (batch, steps, hidden)

        d_states: (batch, steps, hidden), the loss's gradient by every state; d_final: (batch,
        hidden), a further one by the last. A state that stayed passes its gradient on unchanged.
        """
        da, dh = np.zeros_like(d_states), d_final
        for t in reversed(range(one.steps)):
            dh, own = dh + d_states[:, t], one.own[:, t, None]
            da[:, t] = np.where(own, self.stored(self.through_activation(one, dh, t)), 0)
            dh = np.where(own, self.stored(self.carried(one, da[:, t], t)), dh) if t else dh
        return da

    def through_activation(self, one: Pass, dh: Array, t: int) -> Array:
        """da[t] = dh[t] f'(a[t])"""
        return dh * self.slope(one.states[:, t + 1])

    def slope(self, h: Array) -> Array:
        """f'(a) from h = f(a)"""
        return self.tanh_slope(h) if self.config.activation == "tanh" else self.relu_slope(h)

    def tanh_slope(self, h: Array) -> Array:
        """tanh'(a) = 1 - tanh(a)^2"""
        return 1 - h**2

    def relu_slope(self, h: Array) -> Array:
        """relu'(a) = 1 where a > 0, else 0; 0 at 0, as in PyTorch"""
        return np.asarray(h > 0, h.dtype)

    def carried(self, one: Pass, da_t: Array, t: int) -> Array:
        """The gradient that step t passes back to step t - 1, for t > 0"""
        return self.one_step_back(one, da_t)

    def one_step_back(self, one: Pass, da_t: Array) -> Array:
        """dh[t-1] = da[t] W_h^T"""
        return da_t @ self.weight(one.cell, "W_h").T

    # -- gradients -------------------------------------------------------------------------------

    def cell_gradients(self, one: Pass, da: Array) -> dict[str, Array]:
        """The gradients by the cell's weights and its initial state, by their names"""
        found = {
            "W_x": self.d_W_x(one, da),
            "W_h": self.d_W_h(one, da),
            "b": self.d_b(da),
            "h_0": self.d_h_0(one, da),
        }
        return {one.cell.name(of): self.stored(gradient) for of, gradient in found.items()}

    def d_W_x(self, one: Pass, da: Array) -> Array:
        """dW_x = sum_t x[t]^T da[t]"""
        return self.accumulated("W_x", self.products(one.x, da))

    def d_W_h(self, one: Pass, da: Array) -> Array:
        """dW_h = sum_t h[t-1]^T da[t]"""
        return self.accumulated("W_h", self.products(self.states_before(one), da))

    def states_before(self, one: Pass) -> Array:
        """h[t-1] for every t, h_0 the first: (batch, steps, hidden)"""
        return one.states[:, :-1]

    def d_b(self, da: Array) -> Array:
        """db = sum_t,n da[t, n]"""
        return self.accumulated("b", list(da.sum(axis=0)))

    def products(self, inputs: Array, da: Array) -> list[Array]:
        """inputs[t]^T da[t], for every t"""
        return [inputs[:, t].T @ da[:, t] for t in range(da.shape[1])]

    def accumulated(self, of: str, terms: Sequence[Array]) -> Array:
        """The sum of all steps' terms, from the last to the first, by W_x, W_h, b, W_out, b_out"""
        total = np.zeros_like(terms[0])
        for term in reversed(terms):
            total = total + term
        return total

    def d_h_0(self, one: Pass, da: Array) -> Array:
        """dh_0 = da W_h^T of the first step: of each sequence's own, where one begins late"""
        first = da[np.arange(len(da)), one.own.argmax(axis=1)]
        return self.one_step_back(one, first)

    def d_inputs(self, one: Pass, da: Array) -> Array:
        """dx[t] = da[t] W_x^T"""
        return da @ self.weight(one.cell, "W_x").T
