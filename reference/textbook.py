"""The textbook equations, written once, plainly; which arithmetic they run in is a parameter.

Everything is a matrix with one row per sequence; time is a Python list. The stages are methods,
so that a deliberate mistake can replace one of them. Written independently of `scratch`: one
step at a time, gradients accumulated from the last step to the first.

Source: Elman 1990 (forward); Werbos 1990, "Backpropagation through time"; PyTorch `nn.RNN`,
`CrossEntropyLoss` and `SGD` documentation for the conventions (mean over the batch, relu'(0) = 0).
"""

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

import numpy as np

from parity.case import Array, Case
from reference.arithmetic import Arithmetic, M


@dataclass(frozen=True, kw_only=True)
class Given(Generic[M]):
    """The case in the arithmetic's own numbers."""

    case: Case
    x: Sequence[M]  # per step (batch, features)
    h_0: M
    W_x: M
    W_h: M
    b: M  # (1, hidden)
    W_out: M
    b_out: M  # (1, classes)
    onehot: M  # (batch, classes)
    step_onehot: Sequence[M]  # per step (batch, classes), where the loss wants them
    gates: Sequence[M | None]  # per step; None: the sign of the hidden state decides


class Textbook(Generic[M]):
    """RNN, head, loss, backpropagation through time and one SGD step in one arithmetic."""

    def __init__(self, arithmetic: Arithmetic[M]) -> None:
        self.do = arithmetic

    def run(self, case: Case, gates: Array | None = None) -> dict[str, Any]:
        """Return the trace of `case` in the arithmetic's own numbers, `hidden` as a list by step.

        `gates`, (batch, steps, hidden) of booleans, fixes where relu's derivative is 1.
        """
        return self.from_given(self.given(case, gates))

    def from_given(self, given: Given[M]) -> dict[str, Any]:
        """As `run`, from numbers that are the arithmetic's own already."""
        states = self.forward(given)
        trace: dict[str, Any] = {"hidden": states[1:]}
        grads: dict[str, Any] = {}
        d_logits: M | list[M] | None = None
        if given.case.config.every_step:
            d_logits, head, grads = self.every_head(given, states)
            trace |= head
        elif given.case.config.kind == "classifier":
            last = self.read_out(states)
            logits = self.logits(given, last)
            d_logits = self.d_logits(given, logits)
            trace |= {"logits": logits, "loss": self.loss(given, logits)}
            grads = self.head_gradients(last, d_logits)
        da = self.through_time(given, states, self.upstream(given, d_logits))
        grads = self.gradients(given, grads | self.layer_gradients(given, states, da))
        trace |= {f"grad/{name}": gradient for name, gradient in grads.items()}
        return trace | {
            f"step/{name}": self.step(given, name, grads[name])
            for name in grads
            if name not in ("x", "h_0")
        }

    # -- forward ---------------------------------------------------------------------------------

    def forward(self, given: Given[M]) -> list[M]:
        """h[t] = f(a[t]), from h_0; returns h_0 and then every hidden state."""
        states = [given.h_0]
        for x_t in given.x:
            states.append(self.activation(given, self.preactivation(given, x_t, states[-1])))
        return states

    def preactivation(self, given: Given[M], x_t: M, h: M) -> M:
        """a[t] = x[t] W_x + h[t-1] W_h + b"""
        return x_t @ given.W_x + h @ given.W_h + given.b

    def activation(self, given: Given[M], a: M) -> M:
        """h = tanh(a) or max(a, 0)"""
        return self.do.rounded("hidden", self.do.activation(given.case.config.activation, a))

    def read_out(self, states: list[M]) -> M:
        """Which state the head reads: the last one."""
        return states[-1]

    def logits(self, given: Given[M], last: M) -> M:
        """l = h[last] W_out + b_out"""
        return self.do.rounded("logits", last @ given.W_out + given.b_out)

    def loss(self, given: Given[M], logits: M) -> M:
        """loss = mean over the batch of (log sum exp l - l[label]), or of |l - onehot|^2 / 2"""
        if given.case.config.squared:
            error = logits - given.onehot
            halved = self.do.divided(self.do.row_sums(error * error), 2)
            return self.do.divided(self.do.column_sums(halved), given.case.config.batch)
        surprise = self.do.log_sum_exp(logits) - self.do.row_sums(logits * given.onehot)
        return self.do.divided(self.do.column_sums(surprise), given.case.config.batch)

    def every_head(
        self, given: Given[M], states: list[M]
    ) -> tuple[list[M], dict[str, Any], dict[str, Any]]:
        """The head at every step, each with a label of its own; the loss and gradients add up."""
        lasts = [self.read_out(states[: t + 2]) for t in range(len(given.x))]
        own = [replace(given, onehot=onehot) for onehot in given.step_onehot]
        logits = [self.logits(at, last) for at, last in zip(own, lasts, strict=True)]
        d_logits = [self.d_logits(at, scores) for at, scores in zip(own, logits, strict=True)]
        losses = [self.loss(at, scores) for at, scores in zip(own, logits, strict=True)]
        terms = [self.head_gradients(h, dl) for h, dl in zip(lasts, d_logits, strict=True)]
        grads = {name: self.over_time(name, [term[name] for term in terms]) for name in terms[0]}
        loss = functools.reduce(operator.add, losses)
        return d_logits, {"logits": logits, "loss": loss}, grads

    # -- backward --------------------------------------------------------------------------------

    def d_logits(self, given: Given[M], logits: M) -> M:
        """dl = (softmax(l) - onehot) / batch, or (l - onehot) / batch of a squared error"""
        squared = given.case.config.squared
        error = (logits if squared else self.do.softmax(logits)) - given.onehot
        return self.do.rounded("d_logits", self.do.divided(error, given.case.config.batch))

    def head_gradients(self, last: M, gradient: M) -> dict[str, M]:
        """dW_out = h[last]^T dl,  db_out = sum over the batch of dl"""
        return {"W_out": last.T @ gradient, "b_out": self.do.column_sums(gradient)}

    def upstream(self, given: Given[M], d_logits: M | list[M] | None) -> list[M | None]:
        """The gradient by every hidden state before time is gone back through; None is zero.

        A layer's is given, the final state's once more. A classifier's loss sees the last state
        alone, dh[last] = dl W_out^T, or every state: dh[t] = dl[t] W_out^T
        """
        steps = given.case.config.steps
        if isinstance(d_logits, list):
            return [gradient @ given.W_out.T for gradient in d_logits]
        if d_logits is not None:
            return [None] * (steps - 1) + [d_logits @ given.W_out.T]
        matrices = [self.do.exact(given.case.upstream[:, t]) for t in range(steps)]
        matrices[-1] = matrices[-1] + self.do.exact(given.case.upstream_final)
        return list(matrices)

    def through_time(
        self, given: Given[M], states: list[M], upstream: Sequence[M | None]
    ) -> list[M]:
        """da[t] = dh[t] * f'(a[t]),  dh[t] = upstream[t] + da[t+1] W_h^T; returns da by t."""
        da: list[M] = []
        dh = None
        for t in reversed(range(len(given.x))):
            from_loss = upstream[t]
            dh = from_loss if dh is None else dh if from_loss is None else dh + from_loss
            assert dh is not None  # the last step has an upstream gradient
            da.append(self.through_activation(given, states, dh, t))
            dh = self.carried(given, da[-1], t - 1) if t else None
        return da[::-1]

    def through_activation(self, given: Given[M], states: list[M], dh: M, t: int) -> M:
        """da[t] = dh[t] * f'(a[t]); states[t + 1] is h[t]"""
        return self.do.rounded("da", dh * self.slope(given, states[t + 1], t))

    def carried(self, given: Given[M], da: M, t: int) -> M:
        """What step t, or h_0 for t = -1, gets from the next one: da[t+1] W_h^T"""
        return da @ given.W_h.T

    def slope(self, given: Given[M], h: M, t: int) -> M:
        """f'(a) from h = f(a): 1 - h^2 for tanh, 1 where h > 0 for relu"""
        return self.do.slope(given.case.config.activation, h, given.gates[t])

    def layer_gradients(self, given: Given[M], states: list[M], da: list[M]) -> dict[str, Any]:
        """The gradients by the layer's parameters and inputs.

        dW_x = sum_t x[t]^T da[t],  dW_h = sum_t h[t-1]^T da[t],  db = sum_t,n da[t],
        dx[t] = da[t] W_x^T,  dh_0 = da[0] W_h^T
        """
        W_x_T = given.W_x.T
        return {
            "W_x": self.over_time("W_x", self.products(given.x, da)),
            "W_h": self.over_time("W_h", self.products(self.previous(states), da)),
            "b": self.over_time("b", [self.do.column_sums(gradient) for gradient in da]),
            "x": [gradient @ W_x_T for gradient in da],
            "h_0": self.carried(given, da[0], -1),
        }

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

    def gradients(self, given: Given[M], grads: dict[str, Any]) -> dict[str, Any]:
        """What becomes of all gradients before the step: nothing"""
        return grads

    # -- step ------------------------------------------------------------------------------------

    def step(self, given: Given[M], name: str, gradient: M) -> M:
        """w' = w - lr g"""
        weight: M = getattr(given, name)
        return weight - gradient * given.case.lr

    # --------------------------------------------------------------------------------------------

    def given(
        self, case: Case, gates: Array | None = None, weights: Mapping[str, M] | None = None
    ) -> Given[M]:
        """Return `case` in the arithmetic's numbers; `weights` replace the case's."""
        exact, config = self.do.exact, case.config
        steps = range(config.steps)
        rows = case.labels[:, None] == np.arange(config.classes)
        every = case.step_labels.T[..., None] == np.arange(
            config.classes
        )  # (steps, batch, classes)
        every = every if config.every_step else every[:0]
        if weights is None:
            weights = {
                name: exact(np.atleast_2d(getattr(case, name)))
                for name in ("W_x", "W_h", "b", "W_out", "b_out")
            }
        return Given(
            case=case,
            x=[exact(case.x[:, t]) for t in steps],
            h_0=exact(case.h_0),
            **weights,
            onehot=exact(rows.astype(float)),
            step_onehot=[exact(own.astype(float)) for own in every],
            gates=[None if gates is None else exact(gates[:, t].astype(float)) for t in steps],
        )
