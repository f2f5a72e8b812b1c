"""Response: a subject's answer to a probe, and the right answer."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from parity.diagnosis.probes import Probe
from parity.model.case import Case
from parity.model.finding import Finding
from parity.model.trace import Trace


@dataclass(frozen=True, kw_only=True, eq=False)
class Response:
    """A case, the subject's usable answers to a first and a second call, and the right answer."""

    label: str
    case: Case
    subject: Trace
    again: Trace
    reference: Trace
    misshapen: tuple[str, ...] = ()  # why some arrays cannot be compared
    slack: Trace = field(default_factory=dict)  # accuracy that an interpretation has lost

    @classmethod
    def of(cls, probe: Probe, first: Trace, again: Trace, reference: Trace) -> Self:
        """Return the response of a subject that has answered a probe twice."""
        return cls(
            label=probe.label,
            case=probe.case,
            subject=_usable(first, reference),
            again=_usable(again, reference),
            reference=reference,
            misshapen=tuple(
                f"{name} has shape {first[name].shape}, expected {right.shape}"
                for name, right in reference.items()
                if name in first and first[name].shape != right.shape
            ),
        )

    @property
    def place(self) -> str:
        """The probe, in words."""
        return f"{self.label} ({self.case.config})"

    @property
    def unstable(self) -> tuple[str, ...]:
        """The arrays in which the second answer differs from the first, bit for bit."""
        both = [(name, array) for name, array in self.again.items() if name in self.subject]
        return tuple(n for n, array in both if array.tobytes() != self.subject[n].tobytes())

    @property
    def finite(self) -> bool:
        """Whether no entry is NaN or infinite where the right one is finite."""
        return all(
            np.isfinite(array).all() or not np.isfinite(self.reference[name]).all()
            for name, array in self.subject.items()
        )

    def read_as(self, case: Case, subject: Trace, slack: Trace | None = None) -> Self:
        """Return it as the answer to another case."""
        return replace(self, case=case, subject=subject, again=subject, slack=slack or {})


@dataclass(frozen=True, kw_only=True)
class Responses:
    """All responses, and the problems and findings of asking."""

    answered: tuple[Response, ...]
    problems: tuple[str, ...]  # probes without an answer
    findings: tuple[Finding, ...]  # of writing into the case


def _usable(answered: Trace, reference: Trace) -> Trace:
    """Return the arrays of the right shape, in the reference's order and dtype."""
    return {
        name: answered[name].astype(right.dtype)
        for name, right in reference.items()
        if name in answered and answered[name].shape == right.shape
    }
