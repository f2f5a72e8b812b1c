"""Correct implementations that differ in the order of their sums, and so in rounding alone.

There is one plain loop through time, over a class that decides how a product is summed. Every sum
of the equations is a product, with a column of ones where necessary, so that class decides all
sums. Each variant stays in the case's dtype.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from parity import scratch
from parity.model.case import Array, Case
from parity.subjects.subject import Run


class PerStep:
    """BLAS products, one step at a time; gradients accumulate from the last step to the first."""

    def product(self, a: Array, b: Array) -> Array:
        """a b, for a: (rows, terms) and b: (terms, columns)."""
        product: Array = a @ b
        return product

    def preactivation(self, case: Case, x: Array, h: Array) -> Array:
        """x W_x + h W_h + b"""
        return self.product(x, case.W_x) + self.product(h, case.W_h) + case.b

    def over_time(self, a: Array, d: Array) -> Array:
        """sum_t a[t]^T d[t], for a: (steps, batch, rows) and d: (steps, batch, columns)."""
        total = self.product(a[-1].T, d[-1])
        for a_t, d_t in zip(a[-2::-1], d[-2::-1], strict=True):
            total += self.product(a_t.T, d_t)
        return total

    def tanh_slope(self, h: Array) -> Array:
        """1 - h^2"""
        slope: Array = 1 - h * h
        return slope

    def softmax(self, logits: Array, exp: Array, total: Array) -> Array:
        """exp(l) over its row sum; `exp` is relative to the row's largest logit, `total` its sum"""
        p: Array = exp / total
        return p


class Reciprocal(PerStep):
    """The softmax as 1 over a sum that may be infinite: zero where others are subnormal."""

    def softmax(self, logits: Array, exp: Array, total: Array) -> Array:
        """1 / sum_j exp(l[j] - l)"""
        sums = np.exp(logits[:, None, :] - logits[:, :, None]).sum(axis=2)  # (batch, classes)
        p: Array = 1 / sums
        return p


class Concatenated(PerStep):
    """[x, h, 1] [W_x; W_h; b] in one product, and one product over all steps."""

    def preactivation(self, case: Case, x: Array, h: Array) -> Array:
        """[x, h, 1] [W_x; W_h; b]"""
        rows = np.concatenate([x, h, _ones(len(x), like=x)], axis=1)
        return self.product(rows, np.concatenate([case.W_x, case.W_h, case.b[None]]))

    def over_time(self, a: Array, d: Array) -> Array:
        """sum_t,n a[t, n] d[t, n]^T in one product"""
        return self.product(a.reshape(-1, a.shape[-1]).T, d.reshape(-1, d.shape[-1]))


class Einsum(PerStep):
    """NumPy's own loops instead of BLAS, and tanh's derivative as a product."""

    def product(self, a: Array, b: Array) -> Array:
        """sum_k a[i, k] b[k, j]"""
        product: Array = np.einsum("ik,kj->ij", a, b)
        return product

    def over_time(self, a: Array, d: Array) -> Array:
        """sum_t,b a[t, b, i] d[t, b, j]"""
        total: Array = np.einsum("tbi,tbj->ij", a, d)
        return total

    def tanh_slope(self, h: Array) -> Array:
        """(1 - h) (1 + h)"""
        slope: Array = (1 - h) * (1 + h)
        return slope


@dataclass(frozen=True)
class Sequential(Concatenated):
    """Strictly one term after another, in the longest possible sums; `direction` -1: backwards."""

    direction: int = 1

    def product(self, a: Array, b: Array) -> Array:
        """sum_k a[i, k] b[k, j], one k after another"""
        total = np.zeros((len(a), b.shape[1]), a.dtype)
        for column, row in zip(a.T[:: self.direction], b[:: self.direction], strict=True):
            total += column[:, None] * row
        return total


def by(sums: PerStep) -> Run:
    """Return the plain loop through time, with the sums of `sums`."""
    return lambda case: _run(case, sums)


def _run(case: Case, sums: PerStep) -> dict[str, Array]:
    x = case.x.transpose(1, 0, 2)  # (steps, batch, features)
    states = [case.h_0]
    for x_t in x:
        a = sums.preactivation(case, x_t, states[-1])
        states.append(np.tanh(a) if case.config.activation == "tanh" else np.maximum(a, 0))
    trace = {"hidden": np.stack(states[1:], axis=1)}

    if case.config.kind == "classifier":
        logits = sums.product(states[-1], case.W_out) + case.b_out
        loss, d_logits = _cross_entropy(logits, case.labels, sums)
        trace |= {"logits": logits, "loss": loss}
        upstream = np.zeros_like(case.upstream)
        upstream[:, -1] = sums.product(d_logits, case.W_out.T)
        grads = {
            "W_out": sums.product(states[-1].T, d_logits),
            "b_out": sums.product(_ones(len(logits), like=logits).T, d_logits)[0],
        }
    else:
        grads = {}
        upstream = case.upstream.copy()
        upstream[:, -1] += case.upstream_final

    da = np.empty_like(upstream.transpose(1, 0, 2))  # (steps, batch, hidden)
    dh = upstream[:, -1]
    for t in reversed(range(len(x))):
        h = states[t + 1]
        slope = sums.tanh_slope(h) if case.config.activation == "tanh" else h > 0
        da[t] = dh * slope
        from_next = sums.product(da[t], case.W_h.T)
        dh = upstream[:, t - 1] + from_next if t else from_next
    grads |= {
        "W_x": sums.over_time(x, da),
        "W_h": sums.over_time(np.stack(states[:-1]), da),
        "b": sums.over_time(np.ones_like(da[..., :1]), da)[0],
        "x": np.stack([sums.product(da_t, case.W_x.T) for da_t in da], axis=1),
        "h_0": dh,
    }
    return trace | _named(case, grads)


def _cross_entropy(logits: Array, labels: Array, sums: PerStep) -> tuple[Array, Array]:
    """Return the mean of log sum exp l - l[label], and its gradient by the logits."""
    batch, classes = logits.shape
    top = logits.max(axis=1, keepdims=True)
    exp = np.exp(logits - top)
    total = sums.product(exp, _ones(classes, like=logits))  # (batch, 1)
    onehot = (labels[:, None] == np.arange(classes)).astype(logits.dtype)
    surprise = np.log(total) + top - logits[np.arange(batch), labels][:, None]
    loss = sums.product(_ones(batch, like=logits).T, surprise)[0, 0] / batch
    return np.asarray(loss), (sums.softmax(logits, exp, total) - onehot) / batch


def permuted(case: Case) -> dict[str, Array]:
    """Run `PerStep` with rows, features and hidden units in another order, and undo the order."""
    rng = np.random.default_rng(0)
    n, f, h = (rng.permutation(size) for size in (len(case.x), len(case.W_x), len(case.b)))
    order = {
        "x": (n, None, f),
        "h_0": (n, h),
        "W_x": (f, h),
        "W_h": (h, h),
        "b": (h,),
        "W_out": (h, None),
        "labels": (n,),
        "upstream": (n, None, h),
        "upstream_final": (n, h),
        "hidden": (n, None, h),
        "logits": (n, None),
    }
    given = {
        name: _taken(getattr(case, name), order[name]) for name in order if hasattr(case, name)
    }
    trace = _run(case.replace(**given), PerStep())
    back = {name: tuple(_inverse(o) for o in orders) for name, orders in order.items()}
    return {
        name: _taken(array, back.get(name.rpartition("/")[2], ())) for name, array in trace.items()
    }


def _taken(array: Array, orders: tuple[Array | None, ...]) -> Array:
    for axis, order in enumerate(orders):
        array = array if order is None else array.take(order, axis)
    return array


def _inverse(order: Array | None) -> Array | None:
    return None if order is None else np.argsort(order)


def rnn_cell(case: Case) -> dict[str, Array]:
    """Run PyTorch's RNNCell through time, gradients by autograd."""
    config = case.config
    names = ("x", "h_0", *case.parameters)
    leaves = {name: torch.tensor(getattr(case, name)).requires_grad_() for name in names}
    cell = nn.RNNCell(config.features, config.hidden, nonlinearity=config.activation)
    weights = {
        "weight_ih": leaves["W_x"].T,
        "weight_hh": leaves["W_h"].T,
        "bias_ih": leaves["b"],
        "bias_hh": torch.zeros_like(leaves["b"]),
    }
    states = [leaves["h_0"]]
    for x_t in leaves["x"].unbind(1):
        states.append(torch.func.functional_call(cell, weights, (x_t, states[-1])))
    trace = {"hidden": torch.stack(states[1:], 1)}
    if config.kind == "classifier":
        trace["logits"] = torch.addmm(leaves["b_out"], states[-1], leaves["W_out"])
        labels = torch.tensor(case.labels)
        trace["loss"] = nn.functional.cross_entropy(trace["logits"], labels)
        trace["loss"].backward()  # type: ignore[no-untyped-call]
    else:
        upstream = [torch.tensor(array) for array in (case.upstream, case.upstream_final)]
        torch.autograd.backward((trace["hidden"], states[-1]), upstream)
    arrays = {name: tensor.detach().numpy() for name, tensor in trace.items()}
    return arrays | _named(case, {name: _gradient(leaf) for name, leaf in leaves.items()})


def _gradient(leaf: Tensor) -> Array:
    assert leaf.grad is not None  # backward() has been called
    gradient: Array = leaf.grad.numpy()
    return gradient


def _named(case: Case, grads: dict[str, Array]) -> dict[str, Array]:
    steps = {name: weight - case.lr * grads[name] for name, weight in case.parameters.items()}
    named = {f"grad/{name}": gradient for name, gradient in grads.items()}
    return named | {f"step/{name}": weight for name, weight in steps.items()}


def _ones(rows: int, *, like: Array) -> Array:
    return np.ones((rows, 1), like.dtype)


VARIANTS: dict[str, Run] = {
    "hoisted": scratch.subject.run,  # x W_x of all steps in one product
    "per step": by(PerStep()),
    "concatenated": by(Concatenated()),
    "einsum": by(Einsum()),
    "permuted": permuted,
    "sequential": by(Sequential()),
    "reversed": by(Sequential(-1)),
    "RNNCell": rnn_cell,
}
