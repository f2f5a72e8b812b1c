"""Kinds of programs: each is asked as it wants to be, and judged rightly."""

from pathlib import Path

import pytest

from parity import Config, draw, judge, load
from parity.adapter.attempts import quiet
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject
from tests.adapter.kinds import KINDS, MIXED_LAYOUT, STACK, Kind
from tests.support.asking import Outcome, judged


def loaded(code: str, folder: Path) -> Subject:
    path = folder / "mine.py"
    path.write_text(f"import numpy as np\n{code}")
    with quiet():
        return load(str(path))


OPEN = {
    "it updates at once": "the states that backward wants are given as labels",
    "it updates at once, wrong at one step": "the states that backward wants are given as labels",
    "one sentence at a time": "a state named `before`, as a row, is not tried: incomplete",
    "one sentence, back untransposed": "a state named `before`, as a row, is not tried: incomplete",
}
"""These are not judged rightly, each with a reason: an entry that is judged rightly fails."""

SLOW = (
    *("one sentence at a time", "one sentence, back untransposed"),
    *("the outermost function", "a mistake between inner functions", "a step uphill"),
    *("a cell that is given its weights", "steps of a layer", "a product for a sum"),
    *("it updates at once", "it updates at once, wrong at one step"),
)
"""The search takes seconds for these."""


def _marks(name: str) -> list[pytest.MarkDecorator]:
    known = [pytest.mark.xfail(reason=OPEN[name], strict=True)] if name in OPEN else []
    return [*known, *([pytest.mark.slow] if name in SLOW else [])]


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=name, marks=_marks(name)) for name, kind in KINDS.items()]
)
def test_kind_is_judged_rightly(kind: Kind, tmp_path: Path) -> None:
    """A program that is right agrees; one with a mistake differs, first where the mistake is."""
    subject = loaded(kind.code, tmp_path)
    with quiet():
        found = judged(subject, grid="")
    assert found.outcome is kind.outcome, found.said
    if found.outcome is Outcome.DIFFERS:
        assert found.failing is not None
        assert found.failing.failures[0].name == kind.first


def test_a_mixed_layout_is_reported(tmp_path: Path) -> None:
    """W_x as nn.RNN holds it beside W_h as it does not is one line of how it is asked."""
    said = " ".join(loaded(MIXED_LAYOUT, tmp_path).binding)
    assert "W_x is held transposed" in said


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_layers_reach_a_class_that_has_them(layers: int, tmp_path: Path) -> None:
    """A class with a list of weights can be asked for any number of layers."""
    subject = loaded(STACK, tmp_path)
    config = subject.asked(Config(layers=layers), given=["layers"])
    assert config.layers == layers
    assert judge(subject, draw(config), pytorch).passed
