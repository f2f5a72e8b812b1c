"""Witness: one probe, and what the subject and the reference answer to it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from parity.case import Case
from parity.observation import Finding, Misbehaviour, NoTraceError, answer
from parity.probes import Probe
from parity.subject import Subject
from parity.trace import Trace
from parity.yardstick import Yardstick


@dataclass(frozen=True, kw_only=True, eq=False)
class Witness:
    """A case, the subject's comparable answers to a first and a second call, and the right one."""

    label: str
    case: Case
    subject: Trace
    again: Trace | None  # None where the answer is restated
    reference: Trace

    @property
    def stateful(self) -> bool:
        """Whether the second call was answered otherwise than the first."""
        return self.again is not None and any(
            name in self.subject and self.subject[name].tobytes() != array.tobytes()
            for name, array in self.again.items()
        )

    def saying(self, case: Case, subject: Trace) -> Self:
        """Return a witness of another case and answer, to which the right one is not known."""
        return replace(self, case=case, subject=subject, again=None)


@dataclass(frozen=True, kw_only=True)
class Testimony:
    """All witnesses, and what else became known while they were heard."""

    witnesses: tuple[Witness, ...]
    problems: tuple[str, ...]  # probes without an answer
    findings: tuple[Finding, ...]  # of the subject's own probe


def hear(subject: Subject, probes: Iterable[Probe], yardstick: Yardstick) -> Testimony:
    """Ask the subject about every probe; one that it cannot answer is told of, and no more."""
    witnesses: list[Witness] = []
    problems: list[str] = []
    findings: list[Finding] = []
    for probe in probes:
        reference = yardstick.run(probe.case)
        try:
            first, again = answer(subject, probe.case), answer(subject, probe.case)
        except NoTraceError as failed:
            problems.append(f"{probe.label} ({probe.case.config}): {failed.finding.text}")
            findings.append(failed.finding)
            continue
        heard = Witness(
            label=probe.label,
            case=probe.case,
            subject=_comparable(first, reference),
            again=_comparable(again, reference),
            reference=reference,
        )
        witnesses.append(heard)
    return Testimony(
        witnesses=tuple(witnesses),
        problems=tuple(dict.fromkeys(problems)),
        findings=tuple(f for f in findings if f.kind is Misbehaviour.MUTATED_INPUT),
    )


def _comparable(answered: Trace, reference: Trace) -> Trace:
    """Return the arrays of the right shape, in the reference's order and dtype."""
    return {
        name: answered[name].astype(right.dtype)
        for name, right in reference.items()
        if name in answered and np.shape(answered[name]) == right.shape
    }
