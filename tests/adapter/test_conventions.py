"""Conventions of other implementations: losses, zero states and biases, inputs of ids."""

import itertools

import numpy as np
import pytest

from parity import Case, Config, ConfigError, Subject, draw, judge
from parity.cases.grid import GRIDS
from parity.model.trace import Trace
from parity.reference.equations.arithmetic import Plain, as_trace
from parity.reference.equations.textbook import Textbook
from parity.reference.frameworks.pytorch import pytorch, twin
from parity.subjects.capabilities import ORDINARY, asked, checked, fitting

LOSSES = ("mean", "squared", "steps", "squared-steps")
OTHERS: tuple[dict[str, object], ...] = (
    {},
    {"steps": 1},
    {"initial": "zero"},
    {"bias": "zero"},
    {"data": "ids"},
    {"data": "vocabulary"},
)
CONFIGS = {
    str(config): config
    for loss, other, activation in itertools.product(LOSSES, OTHERS, ("tanh", "relu"))
    for config in [Config(activation=activation).replace(loss=loss, **other)]
}


def textbook(case: Case) -> Trace:
    return as_trace(Textbook(Plain()).run(case))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_textbook_is_pytorch(config: Config) -> None:
    """The textbook equations agree with PyTorch in every convention, to rounding, exactly ruled."""
    subject = Subject(name="textbook", run=textbook)
    verdict = judge(subject, draw(config), pytorch, thorough=True, exact=True)
    assert verdict.passed
    assert Config.parse(str(config)) == config


@pytest.mark.parametrize("loss", LOSSES[1:])
def test_another_loss_is_another_gradient(loss: str) -> None:
    """A subject of the mean cross-entropy does not pass as one of another loss."""
    case = draw(Config(loss=loss))
    mean = case.replace(case.config.replace(loss="mean"))
    verdict = judge(Subject(name="mean", run=lambda _: twin.run(mean)), case, pytorch)
    assert {"loss", "grad/W_out", "grad/W_h"} <= {c.name for c in verdict.failures}


def test_zero_is_zero() -> None:
    """What a subject cannot be given is zero in the case, and everything else is drawn."""
    case = draw(Config(initial="zero", bias="zero"))
    assert not any(np.any(array) for array in (case.h_0, case.b, case.b_out))
    assert all(np.all(array) for array in (case.W_x, case.W_h, case.W_out, case.x))


def test_ids_are_one_hot() -> None:
    """Every input is a single 1; a vocabulary has as many classes as ids."""
    case = draw(Config(features=5).replace(data="vocabulary"))
    assert (case.x.sum(axis=2) == 1).all()
    assert case.config.classes == 5
    with pytest.raises(ConfigError, match="classes must be features, 5, with data vocabulary"):
        case.config.replace(classes=3)


def test_layer_has_no_loss() -> None:
    """A layer is judged through upstream gradients: it has none of the losses."""
    with pytest.raises(ConfigError, match="a layer has no loss, got loss steps"):
        Config(kind="layer", loss="steps")
    assert Config(loss="steps").replace(kind="layer").loss == "mean"


# -- what a subject can be asked -------------------------------------------------------------------


def test_grid_is_chosen_and_changed() -> None:
    """Kinds, activations and dtypes are chosen, the rest is changed; no configuration twice."""
    every = [config for group in GRIDS["smoke"].groups() for config in group.configs]
    asks = {"kind": "layer", "activation": "relu", "initial": "zero", "batch": 1}
    mine = fitting(every, asks)
    assert len(mine) == 4
    assert all(getattr(c, name) == value for c in mine for name, value in asks.items())


def test_given_options_are_not_changed() -> None:
    """What was asked for and cannot be is an error; what was not is changed in silence."""
    asks = {"kind": "layer"}
    assert asked(Config(), asks, ["steps"], "mine").kind == "layer"
    with pytest.raises(ConfigError, match="mine can be asked with kind layer only, got classif"):
        asked(Config(), asks, ["kind"], "mine")


def test_grid_of_one_who_knows_little() -> None:
    """Options out of the ordinary are for those who know them; the others' grid is without."""
    every = [config for group in GRIDS["default"].groups() for config in group.configs]
    ordinary = fitting(every, {})
    assert all(config.layers == 1 and config.updates == 1 for config in ordinary)
    some = fitting(every, {}, ["layers", "dropout", "mode"])
    assert len(ordinary) <= len(some) < len(fitting(every, {}, tuple(ORDINARY))) == len(set(every))


NONSENSE = {
    "no dictionary": ([1], "CONFIG of mine must be a dictionary, got list"),
    "no option": ({"depth": 3}, "CONFIG of mine has no option 'depth': batch, steps"),
    "no value": ({"kind": "cell"}, "kind must be one of classifier, layer, got 'cell'"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_in_an_adapter_is_refused(name: str) -> None:
    """A CONFIG that means nothing is refused with its value."""
    asks, message = NONSENSE[name]
    with pytest.raises(ConfigError, match=message):
        checked(asks, "mine")
