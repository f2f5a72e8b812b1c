"""Mutants of dropout between the layers."""

import numpy as np

from parity.model.config import Config
from tests.support.mutants.mutant import mutant, where
from tests.support.plain import Pass, PlainNetwork
from tests.support.plain.base import Array

Net = PlainNetwork


def _drops(config: Config) -> bool:
    return config.dropping


def _evaluates(config: Config) -> bool:
    return config.mode == "evaluation"


def _last_dropped(net: Net, layer: list[Pass]) -> Array:
    """With the mask of the layer below, since the last layer has none"""
    number, last = layer[0].cell.layer, net.config.layers - 1
    right = Net.output(net, layer)
    return net.dropped(last - 1, right) if number == last else right


MUTANTS = (
    mutant(
        "dropout-unscaled",
        "l2-drop0.5",
        mask=lambda net, layer: np.sign(Net.mask(net, layer)),
    ),
    mutant(
        "dropout-mask-shared-by-steps",
        "l2-drop0.5",
        mask=lambda net, layer: Net.mask(net, layer)[:, :1],
    ),
    mutant("dropout-mask-shared-by-layers", "l3-drop0.5", mask=lambda net, layer: Net.mask(net, 0)),
    mutant("dropout-missing-backward", "l2-drop0.5", passed_down=lambda net, layer, d: d),
    mutant(
        "dropout-after-last-layer",
        "layer-l2-drop0.5",
        **where(
            _drops,
            output=_last_dropped,
            upstream=lambda net, d: net.dropped(net.config.layers - 2, d),
        ),
    ),
    mutant(
        "dropout-scaled-in-evaluation",
        "l2-drop0.5-evaluation",
        **where(_evaluates, dropped=lambda net, layer, values: values * (1 - net.config.dropout)),
    ),
)
