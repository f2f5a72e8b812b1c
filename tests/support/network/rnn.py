"""SimpleRNN: one recurrent layer, forward and backward through time."""

from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from tests.support.network import _activations, _check

Array = NDArray[Any]
Seed = int | np.random.RandomState | None


@dataclass(frozen=True)
class _Forward:
    """What the backward pass needs from the forward pass, time first."""

    shape: tuple[int, ...]  # of x: (batch, steps, features)
    x: Array  # (steps * batch, features)
    states: Array  # (steps + 1, batch, nodes): h_0, then every hidden state


class SimpleRNN:
    """A recurrent layer: h[t] = f(x[t] W_x + h[t-1] W_h + b), with h[-1] = h_0.

    W_x: (n_features, n_nodes), W_h: (n_nodes, n_nodes), b: (n_nodes,), plain attributes that may
    be assigned. Weights start as 0.01 times a standard normal and biases as zero, from a generator
    of the layer's own: `seed` gives the numbers that np.random.seed(seed) and randn would, and
    NumPy's global state is left alone.

    activation: np.tanh, scratch.relu, their names, or any elementwise function (forward only).
    dtype: float32 or float64, of everything that is returned.
    Source: Elman 1990; PyTorch `nn.RNN` documentation.
    """

    def __init__(
        self,
        n_features: int,
        n_nodes: int,
        activation: str | _activations.Activation = np.tanh,
        seed: Seed = None,
        *,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.n_features = _check.size("n_features", n_features)
        self.n_nodes = _check.size("n_nodes", n_nodes)
        self.activation = _activations.named(activation)
        self.dtype = _check.dtype(dtype)
        rng = generator(seed)
        self.W_x = small_normal(rng, self.n_features, self.n_nodes).astype(self.dtype)
        self.W_h = small_normal(rng, self.n_nodes, self.n_nodes).astype(self.dtype)
        self.b = np.zeros(self.n_nodes, self.dtype)
        self._forward: _Forward | None = None

    def forward(self, x: ArrayLike, h_0: ArrayLike | None = None) -> Array:
        """Return all hidden states: (batch, steps, n_nodes).

        x: (batch, steps, n_features), at least one step. h_0: (batch, n_nodes), zero by default.
        Raises ShapeError when an array, or a weight that was assigned, does not fit.
        """
        given = _check.array("x", x, ("batch", "steps", self.n_features), self.dtype)
        W_x, W_h, b = self._weights()
        batch, steps, features = given.shape
        if steps < 1:
            raise _check.ShapeError(f"x must have at least one step, got shape {given.shape}")

        by_time = np.array(given.transpose(1, 0, 2), order="C").reshape(-1, features)  # a copy
        states = np.empty((steps + 1, batch, self.n_nodes), self.dtype)
        if h_0 is None:
            states[0] = 0
        else:
            states[0] = _check.array("h_0", h_0, (batch, self.n_nodes), self.dtype)
        np.dot(by_time, W_x, out=states[1:].reshape(-1, self.n_nodes))  # all steps in one product
        states[1:] += b
        recurrent = np.empty((batch, self.n_nodes), self.dtype)
        for t in range(1, steps + 1):
            states[t] += np.dot(states[t - 1], W_h, out=recurrent)
            _activations.apply(self.activation, states[t])
        self._forward = _Forward(given.shape, by_time, states)
        return np.array(states[1:].transpose(1, 0, 2), order="C")  # the caller's own

    @overload
    def backward(
        self, x: ArrayLike, dh_out: ArrayLike, *, inputs: Literal[False] = False
    ) -> tuple[Array, Array, Array]: ...

    @overload
    def backward(
        self, x: ArrayLike, dh_out: ArrayLike, *, inputs: Literal[True]
    ) -> tuple[Array, Array, Array, Array, Array]: ...

    def backward(
        self, x: ArrayLike, dh_out: ArrayLike, *, inputs: bool = False
    ) -> tuple[Array, ...]:
        """Return the gradients (dW_x, dW_h, db), and with `inputs` also (..., dx, dh_0).

        With da[t] = (dh_out[t] + da[t+1] W_h^T) * f'(a[t]):
        dW_x = sum_t x[t]^T da[t],  dW_h = sum_t h[t-1]^T da[t],  db = sum_t,n da[t, n],
        dx[t] = da[t] W_x^T,  dh_0 = da[0] W_h^T.

        x: what the last forward was given. dh_out: (batch, steps, n_nodes), the gradient of the
        loss by every hidden state. Sums over the batch are sums: a mean belongs to the loss.

        Raises RuntimeError before any forward, ShapeError when an array does not fit,
        NotImplementedError for an activation whose derivative is not known.
        """
        if self._forward is None:
            raise RuntimeError("backward needs the states of a forward pass: call forward first")
        kept = self._forward
        if np.shape(x) != kept.shape:
            raise _check.ShapeError(f"x must be forward's, {kept.shape}, got {np.shape(x)}")
        batch, steps, features = kept.shape
        upstream = _check.array("dh_out", dh_out, (batch, steps, self.n_nodes), self.dtype)
        W_x, W_h, _ = self._weights()

        da = self._through_time(upstream, kept.states[1:], np.ascontiguousarray(W_h.T))
        flat = da.reshape(-1, self.n_nodes)
        dW_x = kept.x.T @ flat
        dW_h = kept.states[:-1].reshape(-1, self.n_nodes).T @ flat
        db = flat.sum(axis=0)
        if not inputs:
            return dW_x, dW_h, db
        dx = (flat @ W_x.T).reshape(steps, batch, features).transpose(1, 0, 2)
        return dW_x, dW_h, db, np.ascontiguousarray(dx), da[0] @ W_h.T

    def _through_time(self, dh_out: Array, states: Array, W_h_T: Array) -> Array:
        """Return da, the gradient by every pre-activation: (steps, batch, n_nodes)."""
        slope = _activations.slope(self.activation, states)
        da = np.array(dh_out.transpose(1, 0, 2), order="C")
        recurrent = np.empty(da.shape[1:], self.dtype)
        da[-1] *= slope[-1]
        for t in range(len(da) - 2, -1, -1):
            da[t] += np.dot(da[t + 1], W_h_T, out=recurrent)
            da[t] *= slope[t]
        return da

    def _weights(self) -> tuple[Array, Array, Array]:
        return (
            _check.array("W_x", self.W_x, (self.n_features, self.n_nodes), self.dtype),
            _check.array("W_h", self.W_h, (self.n_nodes, self.n_nodes), self.dtype),
            _check.array("b", self.b, (self.n_nodes,), self.dtype),
        )


def generator(seed: Seed) -> np.random.RandomState:
    """Return a generator of one's own; a RandomState is handed on, to draw from it further."""
    if isinstance(seed, np.random.RandomState):
        return seed
    return np.random.RandomState(seed)  # the stream that np.random.seed(seed) would start


def small_normal(rng: np.random.RandomState, *shape: int) -> Array:
    """Return 0.01 times a standard normal."""
    return rng.randn(*shape) * 0.01
