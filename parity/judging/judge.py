"""Judging: asks a subject about one case, and gives a verdict on all its answers."""

from dataclasses import replace

import numpy as np

from parity.execution.ask import observe
from parity.judging.comparator import Comparator
from parity.judging.constant_answers import constant_answers
from parity.judging.fingerprints import fingerprints
from parity.judging.local_check import local_checks
from parity.judging.metamorphic import metamorphic_checks
from parity.judging.second_bias import second_bias_remarks
from parity.judging.understood import understood
from parity.model.case import Case
from parity.model.comparison import Comparison, Status
from parity.model.finding import Finding, Misbehaviour
from parity.model.formats import flushes_to_zero
from parity.model.names import Kind
from parity.model.trace import Trace
from parity.model.verdict import Verdict
from parity.reference.base import Reference
from parity.subjects.subject import Subject


@np.errstate(all="ignore")  # overflows are judged; they must not warn
def judge(
    subject: Subject,
    case: Case,
    reference: Reference,
    *,
    expected: Trace | None = None,
    thorough: bool = False,
    exact: bool = False,
    resolution: bool = False,
) -> Verdict:
    """Run `subject` on `case` and compare every array that it offers with the reference's.

    `expected` is the reference's trace if it is known already. A `thorough` judgement also
    estimates the resolution of every array, checks each step locally, asks the subject again in
    ways that must not matter, and lets the exact value decide which side is wrong. `exact` adds
    both sides' distance from the exact value in every array, `resolution` adds the resolution
    alone. None of them changes the statuses of the arrays.
    """
    observation = observe(subject, case)
    if subject.lacking:
        found = Finding(kind=Misbehaviour.INCOMPLETE, text=subject.lacking)
        observation = replace(observation, findings=(*observation.findings, found))
    expected = reference.run(case) if expected is None else expected
    comparator = Comparator(
        case,
        observation.trace,
        expected,
        against=reference.name,
        resolution=thorough or resolution,
    )
    comparisons, findings = comparator.comparisons(), observation.findings
    said: tuple[str, ...] = ()
    if thorough or exact:
        comparisons = tuple(comparator.ruled(found, always=exact) for found in comparisons)
    if thorough:
        said = tuple(
            constant_answers(
                subject, case, observation.trace, comparisons, reference, comparator.reference
            )
        )
        agrees = all(found.status is not Status.DIFFERS for found in comparisons)
        behaved, failed = metamorphic_checks(
            subject, case, observation.trace, reference, agrees=agrees
        )
        local = local_checks(case, observation.trace, expected)
        comparisons = (*_beside(comparisons, local), *behaved)
        findings = (*findings, *failed)
    read = fingerprints(comparisons, case.config, flushes=flushes_to_zero())
    verdict = Verdict(
        config=case.config,
        subject=subject.name,
        reference=reference.name,
        comparisons=comparisons,
        findings=findings,
        remarks=(*said, *second_bias_remarks(comparisons), *read),
    )
    return understood(verdict, subject)


@np.errstate(all="ignore")
def judge_behaviour(subject: Subject, case: Case, reference: Reference) -> Verdict:
    """Ask `subject` about `case` only in the ways that must not matter."""
    if subject.uncertain:  # its forward pass decides whether it is understood
        verdict = judge(subject, case, reference)
        if verdict.not_understood:
            return verdict.only(Kind.BEHAVIOUR.value)
    observation = observe(subject, case)
    comparisons, findings = metamorphic_checks(subject, case, observation.trace, reference)
    return Verdict(
        config=case.config,
        subject=subject.name,
        reference=reference.name,
        comparisons=comparisons,
        findings=(*observation.findings, *findings),
    )


def _beside(comparisons: tuple[Comparison, ...], local: tuple[Comparison, ...]) -> list[Comparison]:
    """Return `comparisons`, each of `local` after those of its name, and the others at the end."""
    merged = list(comparisons)
    for found in local:
        places = [i for i, other in enumerate(merged) if other.name == found.name]
        merged.insert(places[-1] + 1 if places else len(merged), found)
    return merged
