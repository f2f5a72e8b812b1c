"""Response: a subject's answer to a probe, and the right answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from parity.diagnosis.probes import Probe
from parity.model.case import Case
from parity.model.finding import Finding
from parity.model.names import ArrayName
from parity.model.trace import Trace


@dataclass(frozen=True, kw_only=True, eq=False)
class Response:
    """A case, the subject's usable answers to a first and a second call, and the right answer."""

    label: str
    case: Case
    subject: Trace
    again: Trace
    reference: Trace
    misshapen: Mapping[str, str] = field(default_factory=dict)  # the shapes, by wrong array
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
            misshapen={
                name: f"shape {first[name].shape}, expected {reference[name].shape}"
                for name in _misshapen(first, reference)
            },
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


def _misshapen(answered: Trace, reference: Trace) -> list[str]:
    """Return the names of the arrays of another shape."""
    both = [name for name in reference if name in answered]
    return [name for name in both if answered[name].shape != reference[name].shape]


def _usable(answered: Trace, reference: Trace) -> Trace:
    """Return the arrays of the right shape, in the reference's order and dtype.

    A step that comes from a gradient of another shape shows only what broadcasting made of it.
    """
    wrong = {ArrayName.parse(name).parameter for name in _misshapen(answered, reference)}
    names = {name: ArrayName.parse(name) for name in reference if name in answered}
    return {
        name: answered[name].astype(reference[name].dtype)
        for name, parsed in names.items()
        if answered[name].shape == reference[name].shape
        and not (parsed.is_step and parsed.parameter in wrong)
    }
