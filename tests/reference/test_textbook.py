"""The textbook equations agree with PyTorch, in every convention and option."""

import itertools

import pytest

from parity import Case, Config, Subject, draw, judge
from parity.cases.pairwise import of_classifiers, of_layers
from parity.model.comparison import Status
from parity.model.trace import Trace
from parity.reference.equations.arithmetic import Plain, as_trace
from parity.reference.equations.textbook import Textbook
from parity.reference.frameworks.pytorch import pytorch, twin

LOSSES = ("mean", "squared", "steps", "squared-steps")


OTHERS: tuple[dict[str, object], ...] = (
    {},
    {"steps": 1},
    {"initial": "zero"},
    {"bias": "zero"},
    {"data": "ids"},
    {"data": "vocabulary"},
)


ACTIVATIONS = ("tanh", "relu")
CONFIGS = {
    str(config): config
    for (i, loss), (j, other) in itertools.product(enumerate(LOSSES), enumerate(OTHERS))
    for config in [Config(activation=ACTIVATIONS[(i + j) % 2]).replace(loss=loss, **other)]
}
"""Every two of losses, other conventions and activations meet in one configuration."""


def textbook(case: Case) -> Trace:
    return as_trace(Textbook(Plain()).run(case))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_textbook_is_pytorch(config: Config) -> None:
    """The textbook equations agree with PyTorch in every convention, up to rounding."""
    subject = Subject(name="textbook", run=textbook)
    verdict = judge(subject, draw(config), pytorch, thorough=True, exact=True)
    assert verdict.passed
    assert Config.parse(str(config)) == config


@pytest.mark.parametrize("loss", LOSSES[1:])
def test_another_loss_is_another_gradient(loss: str) -> None:
    """A subject of the mean cross-entropy does not pass as a subject of another loss."""
    case = draw(Config(loss=loss))
    mean = case.replace(case.config.replace(loss="mean"))
    verdict = judge(Subject(name="mean", run=lambda _: twin.run(mean)), case, pytorch)
    assert {"loss", "grad/W_out", "grad/W_h"} <= {c.name for c in verdict.failures}


EVERY = {str(config): config for config in (*of_layers(), *of_classifiers())}


IN_DOUBLES = {name: config for name, config in EVERY.items() if config.dtype == "float64"}


HARMLESS = (Status.AGREES, Status.INCONCLUSIVE)


@pytest.mark.parametrize("config", IN_DOUBLES.values(), ids=IN_DOUBLES.keys())
def test_textbook_says_what_pytorch_says(config: Config) -> None:
    """Two versions of the equations, written by different authors, agree in every array."""
    verdict = judge(Subject(name="textbook", run=textbook), draw(config), pytorch)
    assert [c.name for c in verdict.comparisons if c.status not in HARMLESS] == []
    assert not verdict.left_out
