"""Mutants of the cross-entropy's options: weights, smoothing, ignored labels, the sum."""

from collections.abc import Callable
from typing import Any

import numpy as np

from parity.model.config import Config
from tests.support.mutants.mutant import Stage, Stages, mutant, where
from tests.support.plain import PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


def _weighted(config: Config) -> bool:
    return config.class_weights == "drawn"


def _smoothed(config: Config) -> bool:
    return config.smoothing > 0


def _ignores(config: Config) -> bool:
    return config.ignored != "none"


def _summed(config: Config) -> bool:
    return config.loss == "sum"


def _loss(net: Net, logits: Array, labels: Array, weights: Array, smoothing: float) -> Array:
    """The loss, with other options"""
    targets = net.targets(labels, weights, smoothing)
    return net.cross_entropy(logits, targets) / net.divisor(labels, weights)


def _d_logits(net: Net, logits: Array, labels: Array, weights: Array, smoothing: float) -> Array:
    """Its gradient by the logits, with other options"""
    targets = net.targets(labels, weights, smoothing)
    error = net.softmax(logits) * targets.sum(axis=1, keepdims=True) - targets
    return error / net.divisor(labels, weights)


# -- class weights ---------------------------------------------------------------------------------


def _even(net: Net) -> Array:
    return np.ones_like(Net.class_weights(net))


def _evenly(of: Callable[..., Array]) -> Stage:
    """Compute the loss or its gradient without class weights."""
    return lambda net, logits, labels: of(net, logits, labels, _even(net), net.config.smoothing)


def _number_of_labels(net: Net, labels: Array, weights: Array) -> Array:
    return net.counts(labels).sum()


# -- smoothing -------------------------------------------------------------------------------------


def _unsmoothed(of: Callable[..., Array]) -> Stage:
    """Compute the loss or its gradient without smoothing."""
    return lambda net, logits, labels: of(net, logits, labels, net.class_weights(), 0.0)


def _targets(of: Callable[[Array, Array, float], Array]) -> Stages:
    """Smooth by a function `of` the labels as rows of 0 and 1, the class weights, the smoothing."""

    def targets(net: Net, labels: Array, weights: Array, smoothing: float) -> Array:
        return net.counts(labels)[:, None] * of(net.onehot(labels), weights, smoothing)

    return where(_smoothed, targets=targets)


def _weighed_by_label(onehot: Array, weights: Array, s: float) -> Array:
    return (onehot @ weights)[:, None] * ((1 - s) * onehot + s / onehot.shape[1])


def _over_one_class_less(onehot: Array, weights: Array, s: float) -> Array:
    return weights * ((1 - s) * onehot + s / (onehot.shape[1] - 1))


def _unweighted(onehot: Array, weights: Array, s: float) -> Array:
    return weights * (1 - s) * onehot + s / onehot.shape[1]


def _among_the_others(onehot: Array, weights: Array, s: float) -> Array:
    return weights * ((1 - s) * onehot + s / (onehot.shape[1] - 1) * (1 - onehot))


def _added(onehot: Array, weights: Array, s: float) -> Array:
    return weights * (onehot + s / onehot.shape[1])


# -- ignored labels --------------------------------------------------------------------------------


def _batch(net: Net, labels: Array, weights: Array) -> float:
    return float(len(labels))


def _pulled_all_the_same(net: Net, logits: Array, labels: Array) -> Array:
    """p, too, in the rows whose labels do not count"""
    ignored = 1 - net.counts(labels)[:, None]
    divisor = net.divisor(labels, net.class_weights())
    return Net.d_logits(net, logits, labels) + ignored * net.softmax(logits) / divisor


def _class_0_for_ignored(net: Net) -> Array:
    labels = Net.labels(net)
    return np.where(labels == net.config.ignore_index, 0, labels)


# -- the sum ---------------------------------------------------------------------------------------


def _of_mean(net: Net, labels: Array, weights: Array) -> Array:
    return (net.counts(labels) * (net.onehot(labels) @ weights)).sum()


def _averaged(right: Callable[..., Array]) -> Stage:
    """Divide the loss or its gradient by the divisor of a mean."""

    def averaged(net: Net, logits: Array, labels: Array) -> Any:
        return right(net, logits, labels) / _of_mean(net, labels, net.class_weights())

    return averaged


MUTANTS = (
    mutant("class-weights-ignored", "weighted", class_weights=_even),
    mutant(
        "class-weights-mean-over-labels",
        "weighted",
        **where(lambda config: not _summed(config), divisor=_number_of_labels),
    ),
    mutant(
        "class-weights-missing-in-gradient",
        "weighted",
        **where(_weighted, d_logits=_evenly(_d_logits)),
    ),
    mutant("class-weights-missing-in-loss", "weighted", **where(_weighted, loss=_evenly(_loss))),
    mutant("smoothing-weighted-by-label", "weighted-smooth0.1", **_targets(_weighed_by_label)),
    mutant(
        "smoothing-ignored",
        "smooth0.1",
        targets=lambda net, labels, weights, s: Net.targets(net, labels, weights, 0.0),
    ),
    mutant(
        "smoothing-missing-in-gradient",
        "smooth0.1",
        **where(_smoothed, d_logits=_unsmoothed(_d_logits)),
    ),
    mutant("smoothing-missing-in-loss", "smooth0.1", **where(_smoothed, loss=_unsmoothed(_loss))),
    mutant("smoothing-over-classes-minus-one", "smooth0.1", **_targets(_over_one_class_less)),
    mutant("smoothing-unweighted", "weighted-smooth0.1", **_targets(_unweighted)),
    mutant("smoothing-among-other-classes", "smooth0.1", **_targets(_among_the_others)),
    mutant("smoothing-added-to-labels", "smooth0.1", **_targets(_added)),
    mutant(
        "ignore-index-counted-in-mean",
        "ignore",
        **where(lambda config: _ignores(config) and not _summed(config), divisor=_batch),
    ),
    mutant(
        "ignore-index-gradient-not-zero",
        "ignore",
        **where(_ignores, d_logits=_pulled_all_the_same),
    ),
    mutant(
        "ignore-index-as-class-zero",
        "ignore",
        **where(
            _ignores,
            labels=_class_0_for_ignored,
            counts=lambda net, labels: net.zeros(len(labels)) + 1,
        ),
    ),
    mutant("loss-sum-as-mean", "sum", divisor=_of_mean),
    mutant("loss-sum-gradient-of-mean", "sum", **where(_summed, d_logits=_averaged(Net.d_logits))),
    mutant("loss-sum-value-as-mean", "sum", **where(_summed, loss=_averaged(Net.loss))),
)
