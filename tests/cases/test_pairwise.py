"""Pairs: any two choices of the options meet in a configuration of the grid."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from parity import Config
from parity.cases.pairwise import CLASSIFIER, LAYER, Axis, of_classifiers, of_layers
from parity.model.errors import ConfigError

Axes = Mapping[str, Axis]


def meeting(configs: tuple[Config, ...], axes: Axes, name: str, choice: Any) -> set[Config]:
    """Return the configurations in which an axis has this choice, by all the options it sets."""
    first = {option: value for axis in axes.values() for option, value in axis[0].items()}
    options = {option for one in axes[name] for option in one}
    wanted = {o: choice.get(o, first.get(o, getattr(Config(), o))) for o in options}
    return {c for c in configs if all(getattr(c, o) == value for o, value in wanted.items())}


def go_together(*changes: Mapping[str, Any]) -> bool:
    try:
        Config(**{key: value for change in changes for key, value in change.items()})
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize(
    ("axes", "configs"),
    [(LAYER, of_layers()), (CLASSIFIER, of_classifiers())],
    ids=["layer", "classifier"],
)
def test_every_pair_of_choices_is_met(axes: Axes, configs: tuple[Config, ...]) -> None:
    """Any two choices that a configuration can have together are in one of the grid's."""
    kind = {"kind": configs[0].kind}
    choices = [(name, choice) for name, axis in axes.items() for choice in axis]
    met = [meeting(configs, axes, name, choice) for name, choice in choices]
    pairs = [
        (i, j)
        for i, j in itertools.combinations(range(len(choices)), 2)
        if choices[i][0] != choices[j][0] and go_together(kind, choices[i][1], choices[j][1])
    ]
    assert len(pairs) > 300
    assert [(choices[i], choices[j]) for i, j in pairs if not met[i] & met[j]] == []
