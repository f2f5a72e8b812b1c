"""Branches: a maximum and a gate are judged by the branch that the subject itself took."""

from typing import Any

import numpy as np

from parity import Config, Subject, draw, judge
from parity.model.branches import Branches
from parity.model.case import Case
from parity.reference.equations.arithmetic import Plain, as_trace
from parity.reference.equations.textbook import Textbook
from parity.reference.frameworks.pytorch import pytorch, twin


def textbook(case: Case) -> dict[str, Any]:
    return as_trace(Textbook(Plain()).run(case))


def test_maximum_from_another_step_is_judged_by_its_own() -> None:
    """Where two steps are equal but for rounding, the gradients of either step are right."""
    case = draw(Config(pool="max", steps=2, batch=1, hidden=1, initial="zero", lr=0.5))
    x = np.repeat(case.x[:, :1], 2, axis=1)
    near = case.replace(x=x, W_h=np.full((1, 1), 2.0**-54))  # nearly one state at both steps

    def other(case: Case) -> dict[str, Any]:
        found = twin.run(case)
        states = found["hidden"].copy()
        later = int(states[0, :, 0].argmax() == 0)
        states[0, later] = np.nextafter(states[0, 1 - later], np.inf)
        mine = Branches(gates={}, winners=np.full((1, 1), later))
        own = as_trace(Textbook(Plain()).run(case, mine))
        return own | {"hidden": states}

    verdict = judge(Subject(name="other", run=other), near, pytorch)
    assert verdict.passed, verdict.failures


def test_branches_of_a_network_without_any() -> None:
    """A tanh layer that reads the last step has no branches."""
    case = draw(Config())
    assert Branches.of(case, twin.run(case)) is None


def test_what_should_be_zero_and_is_not_differs() -> None:
    """Where no sequence has a last step to read, gradients are zero, and other numbers differ."""
    case = draw(Config(lengths="ones"))

    def wrong(case: Case) -> dict[str, Any]:
        found = twin.run(case)
        return found | {"grad/W_h": found["grad/W_h"] + 1e-3}

    assert not twin.run(case)["grad/W_h"].any()
    assert judge(Subject(name="twin", run=twin.run), case, pytorch).passed
    verdict = judge(Subject(name="wrong", run=wrong), case, pytorch)
    assert [c.name for c in verdict.failures] == ["grad/W_h", "step/W_h"]
