"""Observation: what a subject answers, and how it behaves, on one case."""

import traceback
import warnings
from dataclasses import dataclass
from enum import StrEnum

from parity import trace
from parity.case import Array, Case
from parity.errors import SubjectError
from parity.limit import OutOfTimeError
from parity.subject import Subject, own_traceback
from parity.trace import Trace


class Misbehaviour(StrEnum):
    """What a subject can do wrong whatever numbers it returns."""

    RAISED = "RAISED"
    NO_TRACE = "NO_TRACE"
    MUTATED_INPUT = "MUTATED_INPUT"
    STATEFUL = "STATEFUL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One misbehaviour: a line that says what happened, and the evidence under it."""

    kind: Misbehaviour
    text: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The first answer of a subject, empty when there is none, and what it did wrong."""

    trace: Trace
    findings: tuple[Finding, ...]


class NoTraceError(Exception):
    """A subject gave no trace; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


def observe(subject: Subject, case: Case) -> Observation:
    """Run `subject` twice on `case`; nothing it raises escapes.

    The second answer must be the first, bit for bit, and the case must be as it was.
    """
    before = case.snapshot()
    try:
        first, second = answer(subject, case), answer(subject, case)
    except NoTraceError as failed:
        return Observation(trace={}, findings=(failed.finding,))
    findings = []
    if case.snapshot() != before:
        findings.append(
            Finding(kind=Misbehaviour.MUTATED_INPUT, text="the subject changed the case's arrays")
        )
    if changed := _changed(first, second):
        text = f"called a second time, the subject answers otherwise: {', '.join(changed)}"
        findings.append(Finding(kind=Misbehaviour.STATEFUL, text=text))
    return Observation(trace=first, findings=tuple(findings))


def answer(subject: Subject, case: Case) -> Trace:
    """Run `subject` once. Raises NoTraceError, with a finding, when it gives no trace."""
    try:
        with warnings.catch_warnings(action="ignore"):  # the numbers are judged, not the warnings
            return trace.read(subject.run(case))
    except (KeyboardInterrupt, OutOfTimeError):
        raise
    except BaseException as error:  # sys.exit, pytest.skip: nothing a subject does ends the run
        raise NoTraceError(_raised(error)) from error


def _raised(error: BaseException) -> Finding:
    if isinstance(error, SubjectError):
        return Finding(kind=Misbehaviour.NO_TRACE, text=str(error))
    evidence = own_traceback(error)
    if isinstance(error, ValueError) and "read-only" in evidence:
        text = "the subject writes into the case's arrays, which are read-only"
        return Finding(kind=Misbehaviour.MUTATED_INPUT, text=text, evidence=evidence)
    text = f"the subject raised {traceback.format_exception_only(error)[-1].strip()}"
    return Finding(kind=Misbehaviour.RAISED, text=text, evidence=evidence)


def _changed(first: Trace, second: Trace) -> list[str]:
    names = [*first, *(name for name in second if name not in first)]
    return [n for n in names if not (n in first and n in second and _same(first[n], second[n]))]


def _same(one: Array, other: Array) -> bool:
    alike = one.shape == other.shape and one.dtype == other.dtype
    return alike and one.tobytes() == other.tobytes()
