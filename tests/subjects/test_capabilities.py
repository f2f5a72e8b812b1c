"""Capabilities: the questions that a subject can answer, and the part of the grid that fits."""

import pytest

from parity import Config, ConfigError
from parity.cases.grid import GRIDS
from parity.subjects.capabilities import ORDINARY, asked, checked, fitting


def test_grid_is_chosen_and_changed() -> None:
    """Kinds, activations and dtypes are chosen, the rest is changed; no configuration twice."""
    every = [config for group in GRIDS["smoke"].groups() for config in group.configs]
    asks = {"kind": "layer", "activation": "relu", "initial": "zero", "batch": 1}
    mine = fitting(every, asks)
    assert len(mine) == 4
    assert all(getattr(c, name) == value for c in mine for name, value in asks.items())


def test_given_options_are_not_changed() -> None:
    """A request that does not fit is an error; defaults that do not fit are changed in silence."""
    asks = {"kind": "layer"}
    assert asked(Config(), asks, ["steps"], "mine").kind == "layer"
    with pytest.raises(ConfigError, match="mine supports kind layer only, got classif"):
        asked(Config(), asks, ["kind"], "mine")


def test_grid_of_one_who_knows_little() -> None:
    """Only subjects that know unusual options get them; the grid of others is without."""
    every = [config for group in GRIDS["default"].groups() for config in group.configs]
    ordinary = fitting(every, {})
    assert all(config.layers == 1 and config.updates == 1 for config in ordinary)
    some = fitting(every, {}, ["layers", "dropout", "mode"])
    assert len(ordinary) <= len(some) < len(fitting(every, {}, tuple(ORDINARY))) == len(set(every))


NONSENSE = {
    "no dictionary": ([1], "CONFIG of mine must be a dictionary, got list"),
    "no option": ({"depth": 3}, "CONFIG of mine has 'depth', which is not one of batch, steps"),
    "no value": ({"kind": "cell"}, "kind must be one of classifier, layer, got 'cell'"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_in_an_adapter_is_refused(name: str) -> None:
    """A CONFIG without a meaning is refused with its value."""
    asks, message = NONSENSE[name]
    with pytest.raises(ConfigError, match=message):
        checked(asks, "mine")
