"""Mutants with a step other than w - lr g."""

from collections.abc import Callable, Collection

from parity.model.config import Config
from tests.support.mutants.mutant import Stage, Stages, mutant, numbered
from tests.support.plain import PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork
PARAMETERS = ("W_x", "W_h", "b", "W_out", "b_out")


def _times(factor: Callable[[Config], float], names: Collection[str] = PARAMETERS) -> Stage:
    """Take a multiple of the step of some parameters."""

    def step(net: Net, name: str, heading: Array) -> Array:
        scale = factor(net.config) if name in names else 1.0
        return net.weights[name] - net.config.lr * scale * heading

    return step


def _decaying(rate: float) -> Stages:
    def step(net: Net, name: str, heading: Array) -> Array:
        return net.weights[name] - net.config.lr * (heading + rate * net.weights[name])

    return {"step": step}


def _at_rate(rate: float) -> Stages:
    return {"step": lambda net, name, heading: net.weights[name] - rate * heading}


MUTANTS = (
    mutant("step-uphill", step=_times(lambda config: -1)),
    mutant("step-updates-nothing", step=_times(lambda config: 0)),
    mutant("step-lr-twice", step=_times(lambda config: 2)),
    mutant("step-lr-squared", step=_times(lambda config: config.lr)),
    mutant("step-over-batch", step=_times(lambda config: 1 / config.batch)),
    mutant("step-over-steps", step=_times(lambda config: 1 / config.steps)),
    mutant("step-head-missing", step=_times(lambda config: 0, ("W_out", "b_out"))),
    mutant("step-biases-missing", step=_times(lambda config: 0, ("b", "b_out"))),
    mutant("step-wh-missing", step=_times(lambda config: 0, ("W_h",))),
    mutant("step-bias-twice", step=_times(lambda config: 2, ("b",))),
    numbered("step-weight-decay-unasked", 0.01, _decaying),
    numbered("step-lr-fixed", 0.1, _at_rate),
)
