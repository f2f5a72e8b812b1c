"""Mutants of the cross-entropy's options."""

from tests.support.mutants.mutant import mutant
from tests.support.plain import PlainNetwork
from tests.support.plain.base import Array


def _as_mean(net: PlainNetwork, labels: Array, weights: Array) -> Array:
    """The divisor of the mean, whatever is asked for"""
    return (net.counts(labels) * (net.onehot(labels) @ weights)).sum()


MUTANTS = (mutant("loss-sum-as-mean", "sum", divisor=_as_mean),)
