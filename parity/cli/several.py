"""Several: a few cases of one subject, with one verdict in full and the others beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from parity.diagnosis.settle import settled
from parity.gate.gate import brief
from parity.judging.judge import judge
from parity.model.case import Case
from parity.model.verdict import Verdict
from parity.reference.base import Reference
from parity.reproduce.follow_up import is_failure
from parity.subjects.subject import Subject


def judge_several(
    subject: Subject, cases: Sequence[Case], reference: Reference, *, exact: bool
) -> tuple[Subject, Verdict, Sequence[Verdict]]:
    """Judge these cases; return the first verdict that is no agreement, and then the others.

    The first case's verdict is first where all agree. The first verdict is thorough. Nothing is
    asked after a case without an answer, which could take until a time limit, or after one that
    leaves it open how the subject is asked. The subject is returned without a doubt that a known
    mistake settles.
    """
    found: list[Verdict] = []
    for case in cases:
        at_first = not found
        verdict = judge(subject, case, reference, thorough=at_first, exact=exact and at_first)
        certain = settled(subject, case.config, verdict, reference)
        if certain is not subject:
            return judge_several(certain, cases, reference, exact=exact)
        found.append(verdict)
        if not verdict.compared or verdict.not_understood:
            break
    place = next((place for place, verdict in enumerate(found) if _is_no_agreement(verdict)), 0)
    first = found.pop(place)
    if place and first.compared:
        thorough = judge(subject, cases[place], reference, thorough=True, exact=exact)
        first = thorough if _is_no_agreement(thorough) else first
    return subject, first, found


def _is_no_agreement(verdict: Verdict) -> bool:
    """Return whether something is wrong, or may have been asked wrongly."""
    return is_failure(verdict) or verdict.not_understood


def beside(first: Verdict, others: Sequence[Verdict]) -> Iterator[str]:
    """Yield a line for each of the other verdicts, without the faults that the first one has."""
    for other in others:
        own = (finding for finding in other.findings if finding not in first.findings)
        yield brief(replace(other, findings=tuple(own)))
