"""SimpleRNN: one recurrent layer, forward and backward through time."""

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from scratch import _activations, _arithmetic, _check, _kernels

Array = NDArray[Any]
Seed = int | np.random.RandomState | None


class SimpleRNN:
    """A recurrent layer: h[t] = f(x[t] W_x + h[t-1] W_h + b), with h[-1] = h_0.

    W_x: (n_features, n_nodes), W_h: (n_nodes, n_nodes), b: (n_nodes,), plain attributes that may
    be assigned. Weights start as 0.01 times a standard normal and biases as zero, from a generator
    of the layer's own: `seed` gives the numbers that np.random.seed(seed) and randn would, and
    NumPy's global state is left alone.

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
        given = _check.array("x", x, ("batch", "steps", self.n_features), self.dtype)
        batch, steps, _ = given.shape
        if steps < 1:
            raise _check.ShapeError(f"x must have at least one step, got shape {given.shape}")
        if h_0 is not None:
            h_0 = _check.array("h_0", h_0, (batch, self.n_nodes), self.dtype)
        working = _arithmetic.working(self.dtype)
        by_time = np.array(given.transpose(1, 0, 2), working, order="C")  # the one copy
        self._forward = _kernels.forward(self._cell(), by_time, h_0)
        return np.array(self._forward.hidden.transpose(1, 0, 2), self.dtype, order="C")

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
        run = self._forward
        steps, batch, features = run.x.shape
        if np.shape(x) != (batch, steps, features):
            forwards = (batch, steps, features)
            raise _check.ShapeError(f"x must be forward's, {forwards}, got {np.shape(x)}")
        upstream = _check.array("dh_out", dh_out, (batch, steps, self.n_nodes), self.dtype)
        dx = np.empty((batch, steps, features), self.dtype)
        sums = _kernels.backward(run, upstream.transpose(1, 0, 2), None, dx.transpose(1, 0, 2))
        dW_x, dW_h, db, dh_0 = (array.astype(self.dtype, copy=False) for array in sums)
        return (dW_x, dW_h, db, dx, dh_0) if inputs else (dW_x, dW_h, db)

    def _cell(self) -> _kernels.Cell:
        shapes = (self.n_features, self.n_nodes), (self.n_nodes, self.n_nodes), (self.n_nodes,)
        W_x, W_h, b = (
            _check.array(name, getattr(self, name), shape, self.dtype)
            for name, shape in zip(("W_x", "W_h", "b"), shapes, strict=True)
        )
        return _kernels.cell(W_x, W_h, b, self.activation, self.dtype)


def generator(seed: Seed) -> np.random.RandomState:
    """Return a generator of one's own; a RandomState is handed on, to draw from it further."""
    if isinstance(seed, np.random.RandomState):
        return seed
    return np.random.RandomState(seed)  # the stream that np.random.seed(seed) would start


def small_normal(rng: np.random.RandomState, *shape: int) -> Array:
    """Return 0.01 times a standard normal."""
    return rng.randn(*shape) * 0.01
