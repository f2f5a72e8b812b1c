"""ScratchSimpleRNNClassifier: a recurrent layer, a linear head on its last state, SGD."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from tests.support.network import _check
from tests.support.network._activations import Activation
from tests.support.network.loss import softmax, softmax_cross_entropy
from tests.support.network.rnn import Seed, SimpleRNN, generator, small_normal

Array = NDArray[Any]


class ScratchSimpleRNNClassifier:
    """A sequence classifier: logits = h[last] W_out + b_out, trained by cross-entropy and SGD.

    `rnn` is the layer; W_out: (n_nodes, n_classes), b_out: (n_classes,). After `backward`, `grads`
    holds the gradients of W_x, W_h, b, W_out, b_out, x and h_0 by these names.
    Parameters as for SimpleRNN; lr is the learning rate.
    """

    def __init__(
        self,
        n_features: int,
        n_nodes: int,
        n_classes: int,
        lr: float = 1e-2,
        seed: Seed = None,
        *,
        activation: str | Activation = np.tanh,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(seed)
        self.rnn = SimpleRNN(n_features, n_nodes, activation, rng, dtype=dtype)
        self.n_classes = _check.size("n_classes", n_classes)
        self.W_out = small_normal(rng, self.rnn.n_nodes, self.n_classes).astype(self.dtype)
        self.b_out = np.zeros(self.n_classes, self.dtype)
        self.lr = lr
        self.grads: dict[str, Array] = {}
        self.loss_curve_: list[float] = []
        self._forward: tuple[Array, Array, Array] | None = None  # x, hidden, logits

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64, of everything that is returned."""
        return self.rnn.dtype

    def forward(self, x: ArrayLike, h_0: ArrayLike | None = None) -> Array:
        """Return the logits of the last step: (batch, n_classes). x, h_0 as for SimpleRNN."""
        x = np.asarray(x, self.dtype)
        hidden = self.rnn.forward(x, h_0)
        shape = (self.rnn.n_nodes, self.n_classes)
        W_out = _check.array("W_out", self.W_out, shape, self.dtype)
        b_out = _check.array("b_out", self.b_out, (self.n_classes,), self.dtype)
        logits: Array = hidden[:, -1] @ W_out + b_out
        self._forward = x, hidden, logits
        return logits.copy()  # the caller's own

    @property
    def hidden(self) -> Array:
        """All hidden states of the last forward: (batch, steps, n_nodes). A copy."""
        return self._last_forward()[1].copy()

    def compute_loss_and_grad(self, logits: ArrayLike, y_true: ArrayLike) -> tuple[Any, Array]:
        """Return the mean cross-entropy and its gradient by the logits, (batch, n_classes).

        Raises ShapeError, TypeError or ValueError for labels that are not (batch,) whole numbers
        in 0..n_classes-1.
        """
        given = _check.array("logits", logits, ("batch", self.n_classes), self.dtype)
        return softmax_cross_entropy(given, _check.labels(y_true, len(given), self.n_classes))

    def backward(self, y_true: ArrayLike) -> Any:
        """Return the loss of the last forward, and fill `grads`.

        dW_out = h[last]^T dlogits,  db_out = sum_n dlogits[n],  dh[last] = dlogits W_out^T; the
        rest is SimpleRNN.backward. Raises RuntimeError before any forward.
        """
        x, hidden, logits = self._last_forward()
        loss, dlogits = self.compute_loss_and_grad(logits, y_true)
        dh_out = np.zeros_like(hidden)
        dh_out[:, -1] = dlogits @ np.asarray(self.W_out, self.dtype).T
        dW_x, dW_h, db, dx, dh_0 = self.rnn.backward(x, dh_out, inputs=True)
        self.grads = {
            "W_out": hidden[:, -1].T @ dlogits,
            "b_out": dlogits.sum(axis=0),
            "W_x": dW_x,
            "W_h": dW_h,
            "b": db,
            "x": dx,
            "h_0": dh_0,
        }
        return loss

    def update_params(self) -> None:
        """Take one SGD step: w - lr * gradient, for each of the five parameters.

        Raises RuntimeError before any backward.
        """
        if not self.grads:
            raise RuntimeError("update_params needs gradients: call forward and backward first")
        for owner, names in ((self.rnn, ("W_x", "W_h", "b")), (self, ("W_out", "b_out"))):
            for name in names:
                weight = np.asarray(getattr(owner, name), self.dtype)
                setattr(owner, name, weight - self.lr * self.grads[name])

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        epochs: int = 10,
        batch_size: int = 32,
        seed: Seed = None,
    ) -> Self:
        """Train by mini-batch SGD, and keep the mean loss of each epoch in `loss_curve_`.

        x: (samples, steps, n_features), y: (samples,). Every epoch visits all samples once, in an
        order that `seed` decides; the last mini-batch may be smaller. Calling it again goes on.
        """
        x = np.asarray(x, self.dtype)
        labels = _check.labels(y, len(x), self.n_classes)
        rng = generator(seed)
        _check.size("batch_size", batch_size)
        for _ in range(_check.size("epochs", epochs)):
            order = rng.permutation(len(x))
            total = 0.0
            for start in range(0, len(x), batch_size):
                rows = order[start : start + batch_size]
                self.forward(x[rows])
                total += float(self.backward(labels[rows])) * len(rows)
                self.update_params()
            self.loss_curve_.append(total / len(x))
        return self

    def predict_proba(self, x: ArrayLike) -> Array:
        """Return the probability of each class: (samples, n_classes), each row summing to 1."""
        return softmax(self.forward(x))

    def predict(self, x: ArrayLike) -> NDArray[np.int64]:
        """Return the most probable class of each sample: (samples,)."""
        classes: NDArray[np.int64] = self.forward(x).argmax(axis=1)
        return classes

    def _last_forward(self) -> tuple[Array, Array, Array]:
        if self._forward is None:
            raise RuntimeError("backward needs the logits of a forward pass: call forward first")
        return self._forward
