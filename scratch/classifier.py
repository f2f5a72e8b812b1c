"""ScratchSimpleRNNClassifier: a recurrent layer, a linear head on its last state, SGD."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _check, _head
from ._activations import Activation
from ._training import Rows, train
from .loss import mean_cross_entropy, softmax
from .optimizer import plus
from .rnn import Seed, SimpleRNN, generator, small_normal

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
        self._forward: tuple[Array, Array, Array] | None = None  # x, last state, logits

    @property
    def dtype(self) -> np.dtype[Any]:
        """float16, bfloat16, float32 or float64, of everything that is returned."""
        return self.rnn.dtype

    def forward(self, x: ArrayLike, h_0: ArrayLike | None = None) -> Array:
        """Return the logits of the last step: (batch, n_classes). x, h_0 as for SimpleRNN."""
        x = np.asarray(x, self.dtype)
        last = self.rnn.last(x, h_0)
        shape = (self.rnn.n_nodes, self.n_classes)
        W_out = _check.array("W_out", self.W_out, shape, self.dtype)
        b_out = _check.array("b_out", self.b_out, (self.n_classes,), self.dtype)
        logits = _head.forward(last, W_out, b_out)
        self._forward = x, last, logits
        return logits.copy()  # the caller's own

    @property
    def hidden(self) -> Array:
        """All hidden states of the last forward: (batch, steps, n_nodes). A copy."""
        self._last_forward()
        return self.rnn.hidden

    def compute_loss_and_grad(self, logits: ArrayLike, y_true: ArrayLike) -> tuple[Any, Array]:
        """Return the mean cross-entropy and its gradient by the logits, (batch, n_classes).

        Raises ShapeError, TypeError or ValueError for labels that are not (batch,) whole numbers
        in 0..n_classes-1.
        """
        given = _check.array("logits", logits, ("batch", self.n_classes), self.dtype)
        return mean_cross_entropy(given, _check.labels(y_true, len(given), self.n_classes))

    def backward(self, y_true: ArrayLike) -> Any:
        """Return the loss of the last forward, and fill `grads`.

        dW_out = h[last]^T dlogits,  db_out = sum_n dlogits[n],  dh[last] = dlogits W_out^T; the
        rest is SimpleRNN.backward. Raises RuntimeError before any forward.
        """
        x, last, logits = self._last_forward()
        labels = _check.labels(y_true, len(logits), self.n_classes)
        loss, dlogits = mean_cross_entropy(logits, labels)
        self.grads = {}  # frees the old ones before the new ones are made
        W_out = np.asarray(self.W_out, self.dtype)
        d_last, dW_out, db_out = _head.backward(last, W_out, dlogits)
        dW_x, dW_h, db, dx, dh_0 = self.rnn.backward(x, None, d_last=d_last, inputs=True)
        self.grads = {
            "W_out": dW_out,
            "b_out": db_out,
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
        dtype, scale = self.dtype, -self.lr
        for owner, names in ((self.rnn, ("W_x", "W_h", "b")), (self, ("W_out", "b_out"))):
            for name in names:
                weight = np.asarray(getattr(owner, name), dtype)
                setattr(owner, name, plus(weight, scale, self.grads[name]))

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
        order that `seed` decides; the last mini-batch may be smaller. Another call continues.
        """
        x = np.asarray(x, self.dtype)
        labels = _check.labels(y, len(x), self.n_classes)

        def step(rows: Rows) -> Any:
            self.forward(x[rows])
            mean = self.backward(labels[rows])
            self.update_params()
            return mean

        for loss in train(step, len(x), epochs=epochs, batch_size=batch_size, seed=seed):
            self.loss_curve_.append(loss)
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
