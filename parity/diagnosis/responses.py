"""Witness: one probe, and what the subject and the reference answer to it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from parity.diagnosis.probes import Probe
from parity.execution.observation import answers
from parity.model.case import Case
from parity.model.finding import Finding, Misbehaviour, NoTraceError
from parity.model.trace import Trace
from parity.reference.base import Reference
from parity.subjects.subject import Subject


@dataclass(frozen=True, kw_only=True, eq=False)
class Witness:
    """A case, the subject's comparable answers to a first and a second call, and the right one."""

    label: str
    case: Case
    subject: Trace
    again: Trace
    reference: Trace
    misshapen: tuple[str, ...] = ()  # what is wrong with the arrays that cannot be compared
    slack: Trace = field(default_factory=dict)  # what restating has cost in digits

    @property
    def changed(self) -> tuple[str, ...]:
        """The arrays that the second call answered otherwise than the first, bit by bit."""
        both = [(name, array) for name, array in self.again.items() if name in self.subject]
        return tuple(n for n, array in both if array.tobytes() != self.subject[n].tobytes())

    @property
    def finite(self) -> bool:
        """Whether nothing is NaN or infinite that should not be."""
        return all(
            np.isfinite(array).all() or not np.isfinite(self.reference[name]).all()
            for name, array in self.subject.items()
        )

    def saying(self, case: Case, subject: Trace, slack: Trace | None = None) -> Self:
        """Return a witness of another case and answer."""
        return replace(self, case=case, subject=subject, again=subject, slack=slack or {})


@dataclass(frozen=True, kw_only=True)
class Testimony:
    """All witnesses, and what else became known while they were heard."""

    witnesses: tuple[Witness, ...]
    problems: tuple[str, ...]  # probes without an answer
    findings: tuple[Finding, ...]  # of writing into the case


def hear(subject: Subject, probes: Iterable[Probe], reference: Reference) -> Testimony:
    """Ask the subject about every probe; one that it cannot answer is told of, and no more."""
    witnesses: list[Witness] = []
    problems: list[str] = []
    findings: list[Finding] = []
    for probe in probes:
        place = f"{probe.label} ({probe.case.config})"
        try:
            first, again = answers(subject, probe.case, 2)
        except NoTraceError as failed:
            problems.append(f"{place}: {failed.finding.text}")
            findings.append(failed.finding)
        else:
            witnesses.append(_witness(probe, first, again, reference.run(probe.case)))
    return Testimony(
        witnesses=tuple(witnesses),
        problems=tuple(dict.fromkeys(problems)),
        findings=tuple(f for f in findings if f.kind is Misbehaviour.MUTATED_INPUT),
    )


def _witness(probe: Probe, first: Trace, again: Trace, reference: Trace) -> Witness:
    misshapen = tuple(
        f"{name} has shape {first[name].shape}, expected {right.shape}"
        for name, right in reference.items()
        if name in first and first[name].shape != right.shape
    )
    return Witness(
        label=probe.label,
        case=probe.case,
        subject=_comparable(first, reference),
        again=_comparable(again, reference),
        reference=reference,
        misshapen=misshapen,
    )


def _comparable(answered: Trace, reference: Trace) -> Trace:
    """Return the arrays of the right shape, in the reference's order and dtype."""
    return {
        name: answered[name].astype(right.dtype)
        for name, right in reference.items()
        if name in answered and answered[name].shape == right.shape
    }
