"""Asking: a subject's answer to one case, and its behaviour meanwhile."""

from dataclasses import dataclass, replace

from parity.adapter.load import load
from parity.execution.runner import Answers, Askable, Here, differing, given
from parity.model.case import Case
from parity.model.finding import Finding, Misbehaviour, NoTraceError
from parity.model.trace import Trace
from parity.subjects.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The first answer of a subject, empty when there is none, and the findings."""

    trace: Trace
    findings: tuple[Finding, ...]


def observe(subject: Subject, case: Case) -> Observation:
    """Ask `subject` twice about `case`; no error or exit of the subject escapes.

    The second answer must equal the first, bit for bit, and the case must be unchanged.
    """
    runner = _askable(subject)
    answers = runner.ask(case, 2)
    findings = answers.findings
    try:
        first, second = given(answers, 2)
    except NoTraceError as failed:
        grave = any(finding.grave for finding in findings)
        return Observation(trace={}, findings=findings if grave else (failed.finding, *findings))
    mutated = any(finding.kind is Misbehaviour.MUTATED_INPUT for finding in findings)
    if not mutated and (names := differing(first, second)):
        kind, how = runner.why_answers_differ(case)
        text = f"called a second time, the subject answers differently: {', '.join(names)}"
        found = Finding(kind=kind, text=f"{text}; {how}" if how else text)
        findings = (*findings, found)
    return Observation(trace=first, findings=findings)


def answer(subject: Subject, case: Case) -> Trace:
    """Ask `subject` once. Raises NoTraceError, with a finding, when it gives no trace."""
    return answers(subject, case, 1)[0]


def answers(subject: Subject, case: Case, times: int) -> tuple[Trace, ...]:
    """Ask `subject` `times` times. Raises NoTraceError when it does not answer every time."""
    return given(asked(subject, case, times), times)


def asked(subject: Subject, case: Case, times: int) -> Answers:
    """Ask `subject` `times` times; return its answers and what was noticed meanwhile."""
    return _askable(subject).ask(case, times)


def unlimited(spec: str, *, run_all: bool = False) -> Subject:
    """Load the subject that `spec` names into this process, without a time limit."""
    subject = load(spec, run_all=run_all)
    return replace(subject, run=Here(run=subject.run, seconds=None))


def _askable(subject: Subject) -> Askable:
    return subject.run if isinstance(subject.run, Askable) else Here(run=subject.run)
