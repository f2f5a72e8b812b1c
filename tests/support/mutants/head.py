"""Mutants with a head that reads another state, or with another softmax or loss."""

from collections.abc import Callable

import numpy as np

from parity.model.config import Config
from tests.support.mutants.mutant import Stage, Stages, mutant, numbered
from tests.support.plain import PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


# -- the pooled state ------------------------------------------------------------------------------


def _d_second_last(net: Net, d_pooled: Array, hidden: Array) -> Array:
    found = np.zeros_like(hidden)
    found[:, -2:-1] = d_pooled[:, None]  # nothing where there is one step
    return found


def _d_first(net: Net, d_pooled: Array, hidden: Array) -> Array:
    found = np.zeros_like(hidden)
    found[:, 0] = d_pooled
    return found


def _d_mean(net: Net, d_pooled: Array, hidden: Array) -> Array:
    return np.broadcast_to(d_pooled[:, None] / hidden.shape[1], hidden.shape)


SECOND_LAST: Stages = {"read_out": lambda net, states: states[:, -2]}
FIRST: Stages = {"read_out": lambda net, states: states[:, 1]}
MEAN: Stages = {"read_out": lambda net, states: states[:, 1:].mean(axis=1)}


# -- logits ----------------------------------------------------------------------------------------


def _through(function: Callable[[Array], Array]) -> Stages:
    """Let the logits pass through a function."""
    return {"logits": lambda net, pooled: function(Net.logits(net, pooled))}


def _back_through(slope: Callable[[Array], Array]) -> Stages:
    """Multiply the gradient by the logits by a function of them."""
    return {"d_logits": lambda net, logits, y: Net.d_logits(net, logits, y) * slope(logits)}


TANH, D_TANH = _through(np.tanh), _back_through(lambda logits: 1 - logits**2)
RELU, D_RELU = (
    _through(lambda logits: np.maximum(logits, 0)),
    _back_through(lambda logits: logits > 0),
)


# -- loss ------------------------------------------------------------------------------------------


def _times(factor: Callable[[Config], float]) -> Stage:
    """Multiply the loss, but not its gradient."""
    return lambda net, *given: Net.loss(net, *given) * factor(net.config)


def _p_of_label(net: Net, logits: Array, labels: Array) -> Array:
    return net.softmax(logits)[np.arange(len(labels)), labels]


def _of_p(surprise: Callable[[Array], Array]) -> Stage:
    """Use the mean of a function of the label's probability as the loss."""
    return lambda net, logits, labels: surprise(_p_of_label(net, logits, labels)).mean()


def _binary(net: Net, logits: Array, labels: Array) -> Array:
    p, label = net.softmax(logits), net.onehot(labels) > 0
    return -np.log(np.where(label, p, 1 - p)).sum() / len(labels)


LOG_P = _of_p(lambda p: -np.log(p))


def _with_epsilon(eps: float) -> Stages:
    return {"loss": _of_p(lambda p: -np.log(p + eps))}


def _with_clipped_p(eps: float) -> Stages:
    return {"loss": _of_p(lambda p: -np.log(np.clip(p, eps, 1 - eps)))}


def _normalised(axis: int | None, powers: Array) -> Array:
    return powers / powers.sum(axis=axis, keepdims=True)


# -- the gradient by the logits --------------------------------------------------------------------


def _scaled(factor: Callable[[Config], float]) -> Stage:
    """Multiply the gradient by the logits."""
    return lambda net, *given: Net.d_logits(net, *given) * factor(net.config)


def _softmax_derivative_again(net: Net, logits: Array, labels: Array) -> Array:
    p = net.softmax(logits)
    return Net.d_logits(net, logits, labels) * p * (1 - p)


def _logits_for_softmax(net: Net, logits: Array, labels: Array) -> Array:
    return (logits - net.onehot(labels)) / len(labels)


MUTANTS = (
    mutant("head-reads-second-last", **SECOND_LAST, unpooled_last=_d_second_last),
    mutant("head-reads-first", **FIRST, unpooled_last=_d_first),
    mutant("head-reads-mean", **MEAN, unpooled_last=_d_mean),
    mutant("head-reads-second-last-forward", **SECOND_LAST),
    mutant("head-reads-first-forward", **FIRST),
    mutant("head-reads-mean-forward", **MEAN),
    mutant("head-tanh", **TANH, **D_TANH),
    mutant("head-relu", **RELU, **D_RELU),
    mutant("head-tanh-forward", **TANH),
    mutant("head-relu-forward", **RELU),
    mutant("head-bias-missing", logits=lambda net, pooled: pooled @ net.weights["W_out"]),
    mutant(
        "head-bias-twice",
        logits=lambda net, pooled: Net.logits(net, pooled) + net.weights["b_out"],
    ),
    mutant("softmax-twice", logits=lambda net, pooled: net.softmax(Net.logits(net, pooled))),
    mutant("loss-batch-sum", loss=_times(lambda config: config.batch)),
    mutant("loss-batch-twice", loss=_times(lambda config: 1 / config.batch)),
    mutant("loss-over-classes", loss=_times(lambda config: 1 / config.classes)),
    mutant("loss-times-classes", loss=_times(lambda config: config.classes)),
    mutant("loss-times-half-classes", loss=_times(lambda config: config.classes / 2)),
    mutant("loss-over-steps", loss=_times(lambda config: 1 / config.steps)),
    mutant("loss-times-steps", loss=_times(lambda config: config.steps)),
    mutant("loss-doubled", loss=_times(lambda config: 2)),
    mutant("loss-halved", loss=_times(lambda config: 1 / 2)),
    mutant("loss-wrong-sign", loss=_times(lambda config: -1)),
    mutant("loss-in-bits", loss=_times(lambda config: 1 / np.log(2))),
    mutant("loss-log-of-probability", "huge", loss=LOG_P),
    numbered("loss-log-epsilon", 1e-8, _with_epsilon),
    numbered("loss-clipped-probabilities", 1e-3, _with_clipped_p, "huge"),
    mutant("loss-binary-cross-entropy", loss=_binary),
    mutant(
        "softmax-unshifted",
        "huge",
        loss=LOG_P,
        softmax=lambda net, logits: _normalised(1, np.exp(logits)),
    ),
    mutant(
        "softmax-shifted-by-global-max",
        "huge",
        loss=LOG_P,
        softmax=lambda net, logits: _normalised(1, np.exp(logits - logits.max())),
    ),
    mutant(
        "softmax-over-batch",
        loss=LOG_P,
        softmax=lambda net, logits: _normalised(0, np.exp(logits - logits.max(axis=0))),
    ),
    mutant(
        "softmax-over-matrix",
        loss=LOG_P,
        softmax=lambda net, logits: _normalised(None, np.exp(logits - logits.max())),
    ),
    mutant(
        "logit-gradient-onehot-missing",
        d_logits=lambda net, logits, labels: net.softmax(logits) / len(labels),
    ),
    mutant("logit-gradient-wrong-sign", d_logits=_scaled(lambda config: -1)),
    mutant("logit-gradient-logits-for-softmax", d_logits=_logits_for_softmax),
    mutant("logit-gradient-softmax-derivative-twice", d_logits=_softmax_derivative_again),
    mutant("logit-gradient-batch-sum", d_logits=_scaled(lambda config: config.batch)),
    mutant("logit-gradient-batch-twice", d_logits=_scaled(lambda config: 1 / config.batch)),
    mutant("logit-gradient-over-classes", d_logits=_scaled(lambda config: 1 / config.classes)),
    mutant("logit-gradient-doubled", d_logits=_scaled(lambda config: 2)),
)
