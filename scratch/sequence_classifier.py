"""SequenceClassifier: any stack of recurrent layers, with PyTorch's losses and SGD."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _check, _head
from ._activations import Activation
from ._training import Rows, train
from .clipping import clip_by_norm, clip_by_value
from .loss import Reduction, check_options, checked_labels, softmax, softmax_cross_entropy
from .optimizer import SGD
from .pooling import Pooled, check_kind, pool
from .rnn import Seed, generator, small_normal
from .stacked import RNN

Array = NDArray[Any]


class _Pass(NamedTuple):
    """The arrays that the backward pass needs from the forward pass."""

    output: Array  # (batch, steps, width)
    final: Array  # (layers * directions, batch, n_nodes)
    pooled: Pooled
    logits: Array  # (batch, n_classes)


class SequenceClassifier:
    """A classifier of sequences: logits = pool(RNN(x)) W_out + b_out.

    layers, bidirectional, bias, dropout, activation: as for RNN; `rnn` is that RNN.
    pooling: "last", "own", "mean" or "max", as for `pool`.
    class_weights, label_smoothing, ignore_index, reduction: as for `softmax_cross_entropy`.
    optimizer: an SGD that no other classifier uses, SGD(0.01) by default.
    clip_value, then clip_norm with clip_norm_type: `clip_by_value` and `clip_by_norm` clip the
    parameters' gradients to these before each step; None does not clip.
    seed, dtype: as for RNN; the head's weights are drawn next from the same generator.

    W_out: (n_nodes * directions, n_classes), b_out: (n_classes,). After `backward`, `grads` holds
    the gradients of all `parameters`, of x and of h_0 by these names, before any clipping.

    Arrays must have the dtype, as in PyTorch: another one is a DtypeError. Lists have no dtype and
    get this one.

    Raises ValueError, TypeError or ShapeError for an option that makes no sense.
    """

    def __init__(
        self,
        n_features: int,
        n_nodes: int,
        n_classes: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        bias: bool = True,
        dropout: float = 0.0,
        activation: str | Activation = np.tanh,
        pooling: str = "own",
        class_weights: ArrayLike | None = None,
        label_smoothing: float = 0.0,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        optimizer: SGD | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        clip_norm_type: float = 2.0,
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(seed)
        self.rnn = RNN(
            n_features,
            n_nodes,
            layers=layers,
            bidirectional=bidirectional,
            bias=bias,
            dropout=dropout,
            activation=activation,
            seed=rng,
            dtype=dtype,
        )
        self.n_classes = _check.size("n_classes", n_classes)
        self.W_out = small_normal(rng, *self._head_shape).astype(self.dtype)
        self.b_out = np.zeros(self.n_classes, self.dtype)
        check_kind(pooling)
        self.pooling = pooling
        self.loss_options = self._checked_loss(
            class_weights, label_smoothing, ignore_index, reduction
        )
        if not isinstance(optimizer, SGD | None):
            raise TypeError(f"optimizer must be an SGD, got {optimizer!r}")
        self.optimizer = SGD(1e-2) if optimizer is None else optimizer
        self.clip_value, self.clip_norm = (
            None if limit is None else _check.at_least_0(name, limit)
            for name, limit in (("clip_value", clip_value), ("clip_norm", clip_norm))
        )
        self.clip_norm_type = _check.number("clip_norm_type", clip_norm_type)
        self.grads: dict[str, Array] = {}
        self.loss_curve_: list[float] = []
        self._forward: _Pass | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """float16, bfloat16, float32 or float64, of everything that is returned."""
        return self.rnn.dtype

    @property
    def parameters(self) -> dict[str, Array]:
        """The layers' weights by RNN's names, W_out and b_out. All together may be assigned."""
        return {**self.rnn.weights, "W_out": self.W_out, "b_out": self.b_out}

    @parameters.setter
    def parameters(self, values: Mapping[str, Array]) -> None:
        names = [*self.rnn.weights, "W_out", "b_out"]
        if set(values) != set(names):
            raise ValueError(f"parameters must be {', '.join(names)}, got {', '.join(values)}")
        self.rnn.weights = {name: values[name] for name in self.rnn.weights}
        self.W_out, self.b_out = values["W_out"], values["b_out"]

    def forward(
        self,
        x: ArrayLike,
        h_0: ArrayLike | None = None,
        lengths: ArrayLike | None = None,
        masks: list[ArrayLike] | None = None,
    ) -> Array:
        """Return the logits: (batch, n_classes).

        x: (batch, steps, n_features) of the classifier's dtype. h_0, lengths, masks: as for RNN,
        which drops out in training (`rnn.training`) only.

        Raises ShapeError, DtypeError, ValueError or TypeError for an argument that does not fit.
        """
        given = _check.exactly("x", x, ("batch", "steps", self.rnn.n_features), self.dtype)
        output, final = self.rnn.forward(given, h_0, lengths, masks)
        pooled = pool(output, final, self.pooling, lengths)
        logits = _head.forward(pooled.state, *self._head())
        self._forward = _Pass(output, final, pooled, logits)
        return logits.copy()  # the caller's own

    @property
    def hidden(self) -> Array:
        """The last layer's states of the last forward: (batch, steps, width). A copy."""
        return self._last_forward().output.copy()

    @property
    def final(self) -> Array:
        """The final states of the last forward, as RNN's: (layers * directions, batch, n_nodes)."""
        return self._last_forward().final.copy()

    def backward(self, y_true: ArrayLike) -> Any:
        """Return the loss of the last forward, and fill `grads`.

        y_true: (batch,) class numbers, or `ignore_index`. Raises RuntimeError before any forward,
        and as `softmax_cross_entropy` does.
        """
        _, _, pooled, logits = self._last_forward()
        loss, d_logits = softmax_cross_entropy(logits, y_true, **self.loss_options)
        d_state, dW_out, db_out = _head.backward(pooled.state, self._head()[0], d_logits)
        d_output, d_final = pooled.backward(d_state)
        self.grads = {"W_out": dW_out, "b_out": db_out, **self.rnn.backward(d_output, d_final)}
        return loss

    def clipped_grads(self) -> dict[str, Array]:
        """Return the parameters' gradients as the step uses them, after clipping.

        Raises RuntimeError before any backward.
        """
        if not self.grads:
            raise RuntimeError("update_params needs gradients: call forward and backward first")
        gradients = {name: self.grads[name] for name in self.parameters}
        if self.clip_value is not None:
            gradients = clip_by_value(gradients, self.clip_value)
        if self.clip_norm is not None:
            gradients, _ = clip_by_norm(gradients, self.clip_norm, self.clip_norm_type)
        return gradients

    def update_params(self) -> None:
        """Take one step of the optimizer. Raises RuntimeError before any backward."""
        self.parameters = self.optimizer.step(self.parameters, self.clipped_grads())

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        lengths: ArrayLike | None = None,
        epochs: int = 10,
        batch_size: int = 32,
        seed: Seed = None,
    ) -> Self:
        """Train by mini-batches, and keep the mean of their losses in `loss_curve_`, by epoch.

        x: (samples, steps, n_features), y: (samples,), lengths: (samples,). Every epoch visits all
        samples once, in an order that `seed` decides; the last mini-batch may be smaller. Another
        call continues. Raises as `forward` and `backward` do.
        """
        x = _check.exactly("x", x, ("samples", "steps", self.rnn.n_features), self.dtype)
        labels, _ = checked_labels(y, len(x), self.n_classes, self.loss_options["ignore_index"])
        own = None if lengths is None else _check.lengths(lengths, len(x), x.shape[1])

        def step(rows: Rows) -> Any:
            self.forward(x[rows], lengths=None if own is None else own[rows])
            loss = self.backward(labels[rows])
            self.update_params()
            return loss

        with self._training(on=True):
            for loss in train(step, len(x), epochs=epochs, batch_size=batch_size, seed=seed):
                self.loss_curve_.append(loss)
        return self

    def predict_proba(self, x: ArrayLike, lengths: ArrayLike | None = None) -> Array:
        """Return the probability of each class: (samples, n_classes). Nothing is dropped out.

        x, lengths and the errors are those of `forward`.
        """
        with self._training(on=False):
            return softmax(self.forward(x, lengths=lengths))

    def predict(self, x: ArrayLike, lengths: ArrayLike | None = None) -> NDArray[np.int64]:
        """Return the most probable class of each sample: (samples,). Nothing is dropped out.

        x, lengths and the errors are those of `forward`.
        """
        with self._training(on=False):
            classes: NDArray[np.int64] = self.forward(x, lengths=lengths).argmax(axis=1)
        return classes

    @property
    def _head_shape(self) -> tuple[int, int]:
        return self.rnn.n_nodes * self.rnn.directions, self.n_classes

    def _head(self) -> tuple[Array, Array]:
        return (
            _check.exactly("W_out", self.W_out, self._head_shape, self.dtype),
            _check.exactly("b_out", self.b_out, (self.n_classes,), self.dtype),
        )

    def _checked_loss(
        self, class_weights: ArrayLike | None, smoothing: float, ignored: int, reduction: str
    ) -> dict[str, Any]:
        check_options(smoothing, ignored, reduction)
        if class_weights is not None:
            class_weights = _check.exactly(
                "class_weights", class_weights, (self.n_classes,), self.dtype
            )
        return {
            "class_weights": class_weights,
            "label_smoothing": smoothing,
            "ignore_index": ignored,
            "reduction": reduction,
        }

    @contextmanager
    def _training(self, *, on: bool) -> Iterator[None]:
        before, self.rnn.training = self.rnn.training, on
        try:
            yield
        finally:
            self.rnn.training = before

    def _last_forward(self) -> _Pass:
        if self._forward is None:
            raise RuntimeError("backward needs the logits of a forward pass: call forward first")
        return self._forward
