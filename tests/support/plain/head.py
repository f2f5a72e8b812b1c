"""The head of the plain network: pooling, the loss, and the way back."""

from collections.abc import Mapping, Sequence

import numpy as np

from parity.model.cell import Cell
from tests.support.plain.base import Array, Base


class HeadStages(Base):
    """Pooling over the steps, a linear head, cross-entropy or squared distance.

    Source: PyTorch `CrossEntropyLoss` documentation: class weights, label smoothing, ignore_index.
    """

    # -- pooling ---------------------------------------------------------------------------------

    def pooled(self, states: Array, finals: Sequence[Array]) -> Array:
        """The state that the head reads: (batch, width)

        states: (batch, steps + 1, width), the initial one first; finals: of each direction.
        """
        pool = self.config.pool
        if pool == "last":
            return self.read_out(states)
        if pool == "own":
            return np.concatenate(finals, axis=-1)
        if pool == "mean":
            return self.mean_over_steps(states[:, 1:])
        return np.take_along_axis(states[:, 1:], self.winners(states[:, 1:])[:, None], 1)[:, 0]

    def read_out(self, states: Array) -> Array:
        """The last state"""
        return states[:, -1]

    def mean_over_steps(self, hidden: Array) -> Array:
        """The mean over each sequence's own steps"""
        own = np.where(self.own_steps()[..., None], hidden, 0)
        return own.sum(axis=1) / self.counted_steps()

    def counted_steps(self) -> Array:
        """How many steps the mean of each sequence is taken over: (batch, 1)"""
        return self.own_steps().sum(axis=1, keepdims=True).astype(self.zeros().dtype)

    def winners(self, hidden: Array) -> Array:
        """The step that each maximum comes from, the first of equal ones: (batch, width)"""
        own: Array = np.where(self.own_steps()[..., None], hidden, -np.inf)
        return own.argmax(axis=1)

    # -- forward ---------------------------------------------------------------------------------

    def logits(self, pooled: Array) -> Array:
        """l = h W_out + b_out: (batch, classes)"""
        return pooled @ self.weights["W_out"] + self.weights["b_out"]

    def softmax(self, logits: Array) -> Array:
        """p[c] = exp(l[c]) / sum_k exp(l[k]), of l less its largest, so that nothing overflows"""
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def log_softmax(self, logits: Array) -> Array:
        """log p[c] = l[c] - log sum_k exp(l[k])"""
        shifted = logits - logits.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def loss(self, logits: Array, labels: Array) -> Array:
        """The sum of all rows' losses, divided by the divisor of the mean"""
        if self.config.squared:
            return ((logits - self.onehot(labels)) ** 2).sum() / 2 / len(logits)
        weights = self.class_weights()
        targets = self.targets(labels, weights, self.config.smoothing)
        return self.cross_entropy(logits, targets) / self.divisor(labels, weights)

    def cross_entropy(self, logits: Array, targets: Array) -> Array:
        """-sum_n,c targets[n, c] log p[n, c]"""
        return -(targets * self.log_softmax(logits)).sum()

    def targets(self, labels: Array, weights: Array, smoothing: float) -> Array:
        """w[c] ((1 - s) onehot[c] + s / classes), zero in a row whose label does not count"""
        rows = (1 - smoothing) * self.onehot(labels) + smoothing / self.config.classes
        return self.counts(labels)[:, None] * weights * rows

    def onehot(self, labels: Array) -> Array:
        """1 at the label, 0 elsewhere: (batch, classes)"""
        return np.asarray(labels[:, None] == np.arange(self.config.classes), self.zeros().dtype)

    def class_weights(self) -> Array:
        """Every class's weight: (classes,)"""
        drawn = self.config.class_weights == "drawn"
        return self.array("class_weights") if drawn else self.zeros(self.config.classes) + 1

    def counts(self, labels: Array) -> Array:
        """1 where a label counts, 0 where it is ignored: (batch,)"""
        ignored = (labels == self.config.ignore_index) & (self.config.ignored != "none")
        return np.asarray(~ignored, self.zeros().dtype)

    def divisor(self, labels: Array, weights: Array) -> Array | float:
        """The weights of the labels that count, added up; or 1 where the loss is a sum"""
        if self.config.loss == "sum":
            return 1.0
        return (self.counts(labels) * (self.onehot(labels) @ weights)).sum()

    # -- backward --------------------------------------------------------------------------------

    def d_logits(self, logits: Array, labels: Array) -> Array:
        """dl = (p sum_c targets[c] - targets) / divisor, which is (p - onehot) / batch at first"""
        if self.config.squared:
            return (logits - self.onehot(labels)) / len(logits)
        weights = self.class_weights()
        targets = self.targets(labels, weights, self.config.smoothing)
        error = self.softmax(logits) * targets.sum(axis=1, keepdims=True) - targets
        return error / self.divisor(labels, weights)

    def d_W_out(self, pooled: Array, d_logits: Array) -> Array:
        """dW_out = h^T dl"""
        return pooled.T @ d_logits

    def d_b_out(self, d_logits: Array) -> Array:
        """db_out = sum_n dl[n]"""
        return d_logits.sum(axis=0)

    def d_pooled(self, d_logits: Array) -> Array:
        """dh = dl W_out^T: (batch, width)"""
        return d_logits @ self.weights["W_out"].T

    def unpooled(self, d_pooled: Array, hidden: Array) -> Array:
        """The gradient by every state of the last layer: (batch, steps, width)"""
        if self.config.pool == "mean":
            return self.unpooled_mean(d_pooled, hidden)
        if self.config.pool == "max":
            return self.unpooled_max(d_pooled, hidden)
        return self.unpooled_last(d_pooled, hidden)

    def unpooled_last(self, d_pooled: Array, hidden: Array) -> Array:
        """The last state has it all; with own last states, the final states have it"""
        found = np.zeros_like(hidden)
        if self.config.pool == "last":
            found[:, -1] = d_pooled
        return found

    def unpooled_mean(self, d_pooled: Array, hidden: Array) -> Array:
        """Every step has its share; the share of the padding has no effect"""
        return np.broadcast_to((d_pooled / self.counted_steps())[:, None], hidden.shape)

    def unpooled_max(self, d_pooled: Array, hidden: Array) -> Array:
        """The step that the maximum comes from has it all"""
        found = np.zeros_like(hidden)
        np.put_along_axis(found, self.winners(hidden)[:, None], d_pooled[:, None], 1)
        return found

    def d_finals(self, d_pooled: Array) -> Mapping[Cell, Array]:
        """The gradient by the final states of the last layer, if the head reads them"""
        last = [cell for cell in self.config.cells if cell.layer == self.config.layers - 1]
        if self.config.pool != "own":
            return {}
        return dict(zip(last, np.split(d_pooled, len(last), axis=-1), strict=True))
