"""Understood: a network that may have been asked wrongly is neither right nor wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from parity.cases.draw import draw
from parity.diagnosis.settle import settled
from parity.gate.gate import Gate
from parity.judging.judge import judge, judge_behaviour
from parity.model.case import Case
from parity.model.comparison import Status
from parity.model.config import Config
from parity.model.finding import Misbehaviour
from parity.model.verdict import Verdict
from parity.reference.frameworks.pytorch import pytorch
from parity.report.text import failure_message, headline
from parity.reproduce.follow_up import is_failure
from parity.subjects.subject import Subject

WHY = "no array moves with W_h"
BINDING = ("asked as: Net(hidden); forward(x)", "arrays: W_x=W.T")
CONFIG = Config(batch=2, steps=3, features=4, hidden=5)


def noise(case: Case) -> Mapping[str, Any]:
    """Return states that no mistake explains."""
    return {"hidden": np.cos(np.arange(30.0)).reshape(2, 3, 5) + case.x.sum()}


def wrong_gradient(case: Case) -> Mapping[str, Any]:
    found = dict(pytorch.run(case))
    return found | {"grad/W_h": found["grad/W_h"] + 1}


def raising(case: Case) -> Mapping[str, Any]:
    raise TypeError("'int' object is not callable")


def without_bias(case: Case) -> Mapping[str, Any]:
    found = dict(pytorch.run(case.replace(b=case.b * 0)))
    return found | {"step/b": case.b - case.lr * found["grad/b"]}


def uncertain(run: Any) -> Subject:
    return Subject(name="net.py", run=run, binding=BINDING, uncertain=WHY)


def judged(run: Any) -> Verdict:
    return judge(uncertain(run), draw(CONFIG), pytorch, thorough=True)


@pytest.mark.parametrize("run", [noise, raising])
def test_a_doubtful_question_accuses_nobody(run: Any) -> None:
    """If the forward pass agrees nowhere, and the question is in doubt, the verdict says just that.

    It shows what was asked, and how a person says it better. It is no pass.
    """
    verdict = judged(run)
    (found,) = verdict.faults
    assert found.kind is Misbehaviour.NOT_UNDERSTOOD
    assert headline(verdict) == f"not understood, so neither right nor wrong: {WHY}"
    assert all(line in found.evidence for line in (*BINDING, "adapt-subject net.py --write"))
    assert not verdict.passed
    assert not verdict.comparable
    assert not is_failure(verdict)
    assert "DIFFERS" not in failure_message(verdict)
    assert "RAISED" not in failure_message(verdict)


def test_the_numbers_stay_visible() -> None:
    """What differs is still shown, as not certain."""
    status = {c.name: (c.status, c.greatest) for c in judged(noise).comparisons}
    assert status["hidden"][0] is Status.NOT_CERTAIN
    assert status["hidden"][1] is not None
    assert "'int' object is not callable" in judged(raising).faults[0].evidence


def test_an_agreeing_forward_pass_is_certain() -> None:
    """States that agree prove the question: then a wrong gradient is accused."""
    verdict = judged(wrong_gradient)
    assert [c.name for c in verdict.failures][:1] == ["grad/W_h"]
    assert not verdict.not_understood
    assert judged(pytorch.run).passed


def test_a_certain_question_is_judged() -> None:
    """Without a doubt, wrong states are wrong, and a raised error is raised."""
    for run, kind in ((noise, None), (raising, Misbehaviour.RAISED)):
        verdict = judge(Subject(name="net.py", run=run), draw(CONFIG), pytorch)
        assert is_failure(verdict)
        assert [finding.kind for finding in verdict.faults] == [kind] * (kind is not None)


def test_behaviour_is_not_accused_either() -> None:
    """Asked again in other ways, a network that is not understood misbehaves in none."""
    verdict = judge_behaviour(uncertain(noise), draw(CONFIG), pytorch)
    assert verdict.not_understood
    assert not verdict.failures


def test_a_known_mistake_settles_the_doubt() -> None:
    """If a mistake gives all numbers exactly, the question was right, and the network is wrong."""
    subject = uncertain(without_bias)
    verdict = judge(subject, draw(CONFIG), pytorch)
    assert verdict.not_understood
    certain = settled(subject, CONFIG, verdict, pytorch)
    assert certain.uncertain == ""
    assert [c.name for c in judge(certain, draw(CONFIG), pytorch).failures][:1] == ["hidden"]


@pytest.mark.slow
def test_a_doubt_that_no_mistake_explains_stays() -> None:
    """Numbers that no known mistake gives leave the doubt, also in a test run."""
    doubtful = uncertain(noise)
    assert settled(doubtful, CONFIG, judged(noise), pytorch) is doubtful
    verdict = Gate(doubtful, []).verdict(CONFIG)
    assert verdict.not_understood
    assert not verdict.passed


def test_a_test_run_settles_it_as_well() -> None:
    """The gate accuses a network that a mistake explains, at its first configuration."""
    assert Gate(uncertain(without_bias), []).verdict(CONFIG).failures
