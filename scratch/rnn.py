"""SimpleRNN: one recurrent layer, forward and backward through time."""

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _activations, _check, _kernels

Array = NDArray[Any]
Seed = int | np.random.RandomState | None


class SimpleRNN:
    """A recurrent layer: h[t] = f(x[t] W_x + h[t-1] W_h + b), with h[-1] = h_0.

    W_x: (n_features, n_nodes), W_h: (n_nodes, n_nodes), b: (n_nodes,), plain attributes that may
    be assigned. Weights start as 0.01 times a standard normal and biases as zero. The layer has its
    own generator: `seed` gives the same numbers as np.random.seed(seed) and randn, and NumPy's
    global state does not change.

    activation: np.tanh, scratch.relu, their names, or any elementwise function (forward only).
    dtype: float16, bfloat16, float32 or float64, of everything that is returned.
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
        self._forward: _kernels.Run | None = None

    def forward(self, x: ArrayLike, h_0: ArrayLike | None = None) -> Array:
        """Return all hidden states: (batch, steps, n_nodes).

        x: (batch, steps, n_features), at least one step. h_0: (batch, n_nodes), zero by default.
        Raises ShapeError when an array, or a weight that was assigned, does not fit.
        """
        return self._copy(self._run(x, h_0).hidden)

    def last(self, x: ArrayLike, h_0: ArrayLike | None = None) -> Array:
        """Return the last hidden state alone, (batch, n_nodes): forward without copying the rest.

        x, h_0 and the errors are those of `forward`.
        """
        return self._run(x, h_0).final.astype(self.dtype)

    @property
    def hidden(self) -> Array:
        """All hidden states of the last forward: (batch, steps, n_nodes). A copy."""
        return self._copy(self._last_run().hidden)

    @overload
    def backward(
        self,
        x: ArrayLike,
        dh_out: ArrayLike | None,
        *,
        d_last: ArrayLike | None = None,
        inputs: Literal[False] = False,
    ) -> tuple[Array, Array, Array]: ...

    @overload
    def backward(
        self,
        x: ArrayLike,
        dh_out: ArrayLike | None,
        *,
        d_last: ArrayLike | None = None,
        inputs: Literal[True],
    ) -> tuple[Array, Array, Array, Array, Array]: ...

    def backward(
        self,
        x: ArrayLike,
        dh_out: ArrayLike | None,
        *,
        d_last: ArrayLike | None = None,
        inputs: bool = False,
    ) -> tuple[Array, ...]:
        """Return the gradients (dW_x, dW_h, db), and with `inputs` also (..., dx, dh_0).

        With da[t] = (dh_out[t] + da[t+1] W_h^T) * f'(a[t]):
        dW_x = sum_t x[t]^T da[t],  dW_h = sum_t h[t-1]^T da[t],  db = sum_t,n da[t, n],
        dx[t] = da[t] W_x^T,  dh_0 = da[0] W_h^T.

        x: the input of the last forward. dh_out: (batch, steps, n_nodes), the gradient of the loss
        by every hidden state; d_last: (batch, n_nodes), a further gradient by the last. None is
        zero. Sums over the batch are sums: a mean belongs to the loss.

        Raises RuntimeError before any forward, ShapeError when an array does not fit,
        NotImplementedError for an activation whose derivative is not known.
        """
        run = self._last_run()
        steps, batch, features = run.x.shape
        if np.shape(x) != (batch, steps, features):
            forwards = (batch, steps, features)
            raise _check.ShapeError(f"x must be forward's, {forwards}, got {np.shape(x)}")
        if dh_out is not None:
            dh_out = _check.array("dh_out", dh_out, (batch, steps, self.n_nodes), self.dtype)
            dh_out = dh_out.transpose(1, 0, 2)
        if d_last is not None:
            d_last = _check.array("d_last", d_last, (batch, self.n_nodes), self.dtype)
        dx = np.empty((batch, steps, features), self.dtype) if inputs else None
        found = _kernels.backward(
            run, dh_out, d_last, None if dx is None else dx.transpose(1, 0, 2)
        )
        if found.b.dtype != self.dtype:
            found = _kernels.Gradients(*(array.astype(self.dtype) for array in found))
        dW_x, dW_h, db, dh_0 = found
        return (dW_x, dW_h, db) if dx is None else (dW_x, dW_h, db, dx, dh_0)

    def _run(self, x: ArrayLike, h_0: ArrayLike | None) -> _kernels.Run:
        dtype, nodes = self.dtype, self.n_nodes
        given = _check.sequence(x, self.n_features, dtype)
        if h_0 is not None:
            h_0 = _check.array("h_0", h_0, (len(given), nodes), dtype)
        cell = _kernels.cell(
            _check.array("W_x", self.W_x, (self.n_features, nodes), dtype),
            _check.array("W_h", self.W_h, (nodes, nodes), dtype),
            _check.array("b", self.b, (nodes,), dtype),
            self.activation,
            dtype,
        )
        self._forward = None  # frees its arrays before the new ones are made
        by_time = np.array(given.transpose(1, 0, 2), cell.W_x.dtype, order="C")  # the one copy
        self._forward = run = _kernels.forward(cell, by_time, h_0)
        return run

    def _last_run(self) -> _kernels.Run:
        if self._forward is None:
            raise RuntimeError("backward needs the states of a forward pass: call forward first")
        return self._forward

    def _copy(self, hidden: Array) -> Array:
        """Return (steps, batch, nodes) as the caller's own (batch, steps, nodes)."""
        return np.array(hidden.transpose(1, 0, 2), self.dtype, order="C")


def generator(seed: Seed) -> np.random.RandomState:
    """Return a new generator; a RandomState is returned itself, and drawn from further."""
    if isinstance(seed, np.random.RandomState):
        return seed
    return np.random.RandomState(seed)  # the stream that np.random.seed(seed) would start


def small_normal(rng: np.random.RandomState, *shape: int) -> Array:
    """Return 0.01 times a standard normal."""
    return rng.randn(*shape) * 0.01
