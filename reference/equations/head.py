"""The head: pooling over the steps, logits, loss, and the gradients by all of them."""

import functools
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from parity.reference.equations.arithmetic import M
from parity.reference.equations.given import Given, counting
from parity.reference.equations.steps import StepEquations


class HeadEquations(StepEquations[M]):
    """Pooling over time, a linear head, cross-entropy or squared distance.

    Source: PyTorch `CrossEntropyLoss` documentation: class weights, label smoothing, ignore_index.
    """

    # -- pooling ---------------------------------------------------------------------------------

    def pooled(self, given: Given[M], states: list[M], finals: Sequence[M]) -> M:
        """The state that the head reads: of h_0 and every step, or of each direction's final one"""
        pool = given.case.config.pool
        if pool == "last":
            return self.read_out(states)
        if pool == "own":
            return self.own_last(given, finals)
        if pool == "max":
            return self.do.chosen(states[1:], self.winners(given, states[1:]))
        total = functools.reduce(operator.add, self.masked(given, states[1:]))
        return self.do.rounded("pooled", self.averaged(given, total))

    def read_out(self, states: list[M]) -> M:
        """The last state"""
        return states[-1]

    def own_last(self, given: Given[M], finals: Sequence[M]) -> M:
        """The final states of the directions, side by side"""
        return self.do.joined(finals)

    def averaged(self, given: Given[M], total: M) -> M:
        """The mean over each sequence's own steps"""
        config = given.case.config
        return self.do.divided(total, given.case.lengths if config.packed else config.steps)

    def winners(self, given: Given[M], states: Sequence[M]) -> Any:
        """The step that each maximum comes from, the first of equal ones: (batch, width)"""
        if given.branches is not None and given.branches.winners is not None:
            return given.branches.winners
        return self.do.winners(states, given.valid)

    # -- forward ---------------------------------------------------------------------------------

    def logits(self, given: Given[M], last: M) -> M:
        """l = h[last] W_out + b_out"""
        return self.do.rounded("logits", last @ given.W_out + given.b_out)

    def loss(self, given: Given[M], logits: M) -> M:
        """loss = mean over the batch of (log sum exp l - l[label]), or of |l - onehot|^2 / 2"""
        config = given.case.config
        if config.squared:
            error = logits - given.onehot
            halved = self.do.divided(self.do.row_sums(error * error), 2)
            return self.do.divided(self.do.column_sums(halved), config.batch)
        lse = self.do.log_sum_exp(logits)
        if config.plain_loss:
            surprise = lse - self.do.row_sums(logits * given.onehot)
            return self.do.divided(self.do.column_sums(surprise), config.batch)
        targets = self.targets(given)
        surprise = lse * self.do.row_sums(targets) - self.do.row_sums(logits * targets)
        return self.reduced(given, self.do.column_sums(surprise))

    def targets(self, given: Given[M]) -> M:
        """T = w * ((1 - s) onehot + s / classes), rows of labels that do not count zero"""
        s, onehot = given.case.config.smoothing, given.onehot
        return onehot - onehot * s + self.smoothed(given) * s if s else onehot

    def smoothed(self, given: Given[M]) -> M:
        """w / classes for every class, where the label counts"""
        config = given.case.config
        rows = counting(given.case).repeat(config.classes, axis=1).astype(float)
        if config.class_weights == "drawn":
            rows = rows * given.case.class_weights.astype(float)
        return self.do.divided(self.do.exact(rows), config.classes)

    def reduced(self, given: Given[M], total: M) -> M:
        """total / sum of the weights of the labels that count; or the total itself"""
        if given.case.config.loss == "sum":
            return total
        return self.do.quotient(total, self.weight_of_labels(given))

    def weight_of_labels(self, given: Given[M]) -> M:
        """The sum over the batch of w[label], of labels that count: (1, 1)"""
        return self.do.column_sums(self.do.row_sums(given.onehot))

    def every_head(
        self, given: Given[M], states: list[M]
    ) -> tuple[list[M], dict[str, Any], dict[str, Any]]:
        """The head at every step, each with its own label; the loss and the gradients add up."""
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
        config = given.case.config
        if config.squared or config.plain_loss:
            error = (logits if config.squared else self.do.softmax(logits)) - given.onehot
            return self.do.rounded("d_logits", self.do.divided(error, config.batch))
        targets = self.targets(given)
        error = self.do.softmax(logits) * self.do.row_sums(targets) - targets
        return self.do.rounded("d_logits", self.reduced(given, error))

    def head_gradients(self, last: M, gradient: M) -> dict[str, M]:
        """dW_out = h[last]^T dl,  db_out = sum over the batch of dl"""
        return {"W_out": last.T @ gradient, "b_out": self.do.column_sums(gradient)}

    def upstream(self, given: Given[M], d_logits: M | list[M] | None) -> list[M | None]:
        """The gradient by every hidden state, without what comes from later steps; None is zero

        A layer's is given, and the final state's is added at the end. A classifier's loss sees the
        pooled state, d_pooled = dl W_out^T, or every state: dh[t] = dl[t] W_out^T
        """
        config = given.case.config
        if isinstance(d_logits, list):
            return [gradient @ given.W_out.T for gradient in d_logits]
        if d_logits is not None:
            return self.unpooled(given, d_logits @ given.W_out.T)
        matrices = [self.do.exact(given.case.upstream[:, t]) for t in range(config.steps)]
        if not config.with_final:
            matrices[-1] = matrices[-1] + self.do.exact(given.case.upstream_final)
        return list(matrices)

    def unpooled(self, given: Given[M], d_pooled: M) -> list[M | None]:
        """The gradient by every step's state from that by the pooled one"""
        steps, pool = given.case.config.steps, given.case.config.pool
        if pool == "mean":
            return [self.averaged(given, d_pooled)] * steps
        if pool == "max":
            assert given.branches is not None  # the forward has put them there
            assert given.branches.winners is not None
            winners = given.branches.winners
            at = [np.equal(winners, t) for t in range(steps)]
            return [self.do.selected(own, d_pooled, None) for own in at]
        if pool == "own":
            return [None] * steps
        return [None] * (steps - 1) + [d_pooled]

    def by_final(self, given: Given[M], d_logits: M | list[M] | None) -> list[M | None]:
        """The gradient by every cell's final state, in the order of the cells; None is zero

        A layer's are given. A classifier that pools own last states has some in its last layer.
        """
        config = given.case.config
        nothing: list[M | None] = [None] * len(config.cells)
        if d_logits is None and config.with_final:
            names = [cell.name("upstream_final") for cell in config.cells]
            return [self.do.exact(getattr(given.case, name)) for name in names]
        if config.pool != "own" or d_logits is None or isinstance(d_logits, list):
            return nothing
        d_pooled, h = d_logits @ given.W_out.T, config.hidden
        own = [self.do.columns(d_pooled, d * h, (d + 1) * h) for d in range(config.directions)]
        return [*nothing[: -config.directions], *own]
