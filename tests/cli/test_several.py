"""Several: of a few cases one verdict is told in full, and nothing is told twice."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from parity.cases.draw import draw
from parity.cli.several import beside, judge_several
from parity.model.case import Case
from parity.model.config import Config
from parity.model.verdict import Verdict
from parity.reference.frameworks.pytorch import pytorch
from parity.report import terminal
from parity.report.text import failure_message, title
from parity.subjects.subject import Subject

SMALL = Config(batch=2, steps=3, features=4, hidden=5)

CASES = tuple(draw(SMALL.replace(seed=seed)) for seed in range(3))

RIGHT = Subject(name="net.py", run=pytorch.run)


def noise(case: Case) -> Mapping[str, Any]:
    """Return states that no mistake explains."""
    return {"hidden": np.cos(np.arange(30.0)).reshape(2, 3, 5) + case.x.sum()}


def without_bias(case: Case) -> Mapping[str, Any]:
    found = dict(pytorch.run(case.replace(b=case.b * 0)))
    return found | {"step/b": case.b - case.lr * found["grad/b"]}


def judged(subject: Subject) -> tuple[Subject, Verdict, list[Verdict]]:
    subject, verdict, others = judge_several(subject, CASES, pytorch, exact=False)
    return subject, verdict, list(others)


def test_a_fault_of_all_cases_is_told_once() -> None:
    """A part that is not judged in any case stands in the first verdict; the others agree."""
    _, verdict, others = judged(replace(RIGHT, lacking="no way to ask for its steps was found"))
    assert [finding.text for finding in verdict.faults] == ["no way to ask for its steps was found"]
    assert len(others) == 2
    assert all("agrees with PyTorch in" in said for said in beside(verdict, others))
    assert not any(other.passed for other in others)


def test_a_fault_of_another_case_is_told_with_it() -> None:
    """A fault that the first verdict has not is part of the other verdict's line."""
    _, verdict, others = judged(RIGHT)
    wrong = judged(replace(RIGHT, lacking="a part is missing"))[1]
    assert verdict.passed
    said, agrees = beside(verdict, [wrong, others[0]])
    assert said.endswith(": a part is missing")
    assert "agrees with PyTorch in" in agrees


def test_a_doubt_ends_the_questions() -> None:
    """Where nobody knows how a subject is asked, it is not asked in further cases."""
    subject, verdict, others = judged(replace(RIGHT, run=noise, uncertain="nothing moves with W_h"))
    assert subject.uncertain
    assert verdict.not_understood
    assert not others


def test_a_known_mistake_settles_the_doubt_of_all_cases() -> None:
    """A mistake that gives all numbers proves the question: every case is judged without doubt."""
    subject, verdict, others = judged(replace(RIGHT, run=without_bias, uncertain="a doubt"))
    assert not subject.uncertain
    assert verdict.failures
    assert len(others) == 2
    assert all(other.failures for other in others)


def test_the_text_of_a_fault_stands_once_in_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    """The headline is the first fault, behind its kind: no line below repeats it."""
    said = "no way to ask for its steps was found"
    _, verdict, _ = judged(replace(RIGHT, lacking=said))
    terminal.print_verdict(verdict)
    for report in (capsys.readouterr().out, failure_message(verdict)):
        assert report.count(said) == 1
        assert f"INCOMPLETE  {said}" in report


def test_the_way_of_asking_stands_once_below_a_doubt(capsys: pytest.CaptureFixture[str]) -> None:
    """A doubt shows how the subject was asked: the lines at the end do not show it again."""
    doubtful = replace(RIGHT, run=noise, uncertain="a doubt", binding=("asked as: forward(x)",))
    subject, verdict, _ = judged(doubtful)
    assert "    asked as: forward(x)" in title(verdict)
    terminal.print_assumed(subject, binding=False)
    assert "asked as" not in capsys.readouterr().out
    terminal.print_assumed(subject)
    assert "asked as" in capsys.readouterr().out
