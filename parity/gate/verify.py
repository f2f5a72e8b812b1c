"""Verify: judge a subject over a grid from your own code, with a result that you can inspect.

In the manner of scikit-learn's `check_estimator`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Never, overload

from parity.cases.draw import draw
from parity.execution.limits import MEMORY_LIMIT, TIME_LIMIT, Limits
from parity.execution.process import closed, recorded
from parity.gate.accept import accepted, groups
from parity.gate.gate import brief
from parity.judging.coverage import coverage_of, incomplete
from parity.judging.judge import judge
from parity.model.comparison import Status
from parity.model.coverage import Coverage
from parity.model.finding import Misbehaviour
from parity.model.verdict import Verdict
from parity.reference.frameworks import framework
from parity.report.text import coverage_lines, failure_message, line, notes
from parity.subjects.subject import Run, Subject

SHOWN = 10
"""Failing configurations, at most, that the text of a result names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The result for one array of one configuration, or for the subject's behaviour there."""

    name: str  # the configuration's id and the array: "b7-t5-f3-h6-c4-tanh-f64-s0 grad/W_h"
    status: Status | Misbehaviour
    evidence: str  # both numbers, their difference and the allowed difference
    notes: tuple[str, ...] = ()  # other behaviour in this configuration, which fails nothing

    @property
    def passed(self) -> bool:
        """True when the array agrees; an unchecked array has not passed."""
        return self.status is Status.AGREES


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Sequence[Record]):
    """The result of verifying: a sequence of records. It has no truth value: ask `.passed`."""

    subject: str
    verdicts: tuple[Verdict, ...]  # one a configuration
    records: tuple[Record, ...]
    coverage: Coverage | None = None  # of all configurations; None without an own process

    @property
    def passed(self) -> bool:
        """True when `compare-one-config` reports for every configuration that the subject agrees.

        A grid without a configuration that fits the subject has not passed, nor has a subject
        whose loss, gradients or step were never executed in any of them.
        """
        agrees = all(verdict.passed for verdict in self.verdicts)
        return bool(self.verdicts) and agrees and incomplete(self.coverage) is None

    @property
    def failures(self) -> tuple[Record, ...]:
        """The records that keep it from passing.

        An array that was left out is among them only where nothing else was answered.
        """
        wrong = tuple(
            record for verdict in self.verdicts if not verdict.passed for record in _wrong(verdict)
        )
        lacking = incomplete(self.coverage)
        if wrong or lacking is None:
            return wrong
        return (Record(name=self.subject, status=lacking.kind, evidence=lacking.text),)

    def __bool__(self) -> Never:
        raise TypeError("the result of verify has no truth value: ask .passed")

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Record, ...]: ...
    def __getitem__(self, index: int | slice) -> Record | tuple[Record, ...]:
        return self.records[index]

    def __str__(self) -> str:
        """Return how many configurations fail, a line for each, and the first one in full."""
        wrong = [verdict for verdict in self.verdicts if not verdict.passed]
        count = len(self.verdicts)
        if not count:
            return f"{self.subject}: no configuration of the grid fits it, nothing was compared"
        if not wrong:
            arrays = sum(len(verdict.compared) for verdict in self.verdicts)
            head = f"{self.subject}: {arrays} comparisons in {count} configurations agree"
            lacking = [f"{f.kind}  {f.text}" for f in [incomplete(self.coverage)] if f is not None]
            return "\n  ".join([head, *lacking, *coverage_lines(self.coverage)])
        shown = [f"  {brief(verdict)}" for verdict in wrong[:SHOWN]]
        more = [f"  and {len(wrong) - SHOWN} more"] * (len(wrong) > SHOWN)
        head = f"{self.subject}: {len(wrong)} of {count} configurations do not pass"
        return "\n".join(
            [head, *shown, *more, "The first of them in full:", failure_message(wrong[0])]
        )


def verify(
    subject: Subject | Run | str | os.PathLike[str],
    grid: str = "smoke",
    *,
    time_limit: float = TIME_LIMIT,
    memory_limit: int = MEMORY_LIMIT,
) -> Verification:
    """Judge a subject against PyTorch in every configuration of a grid.

    Each is judged as `compare-one-config` judges it.

    subject: a function run(case), a result of `load`, or a name. Only a name gets its own
    process.
    grid: smoke, default or full.
    time_limit: seconds for each configuration; a function is limited in the main thread only.
    memory_limit: megabytes that a subject's own process may fill.
    Raises SubjectError when there is no such subject, ConfigError when there is no such grid or
    limit.
    """
    judged = accepted(subject, Limits(seconds=time_limit, megabytes=memory_limit))
    try:
        asked = [config for group in groups(grid, judged) for config in group.configs]
        reference = framework()
        verdicts = tuple(judge(judged, draw(config), reference, thorough=True) for config in asked)
        coverage = coverage_of(recorded(judged))
    finally:
        if isinstance(subject, str | os.PathLike):
            closed(judged)
    records = tuple(record for verdict in verdicts for record in _records(verdict))
    return Verification(subject=judged.name, verdicts=verdicts, records=records, coverage=coverage)


def _records(verdict: Verdict) -> Iterator[Record]:
    noted = tuple(notes(verdict))
    for finding in verdict.faults:
        evidence = f"{finding.text}\n{finding.evidence}".rstrip()
        yield Record(name=str(verdict.config), status=finding.kind, evidence=evidence, notes=noted)
    for comparison in verdict.comparisons:
        name = f"{verdict.config} {comparison.name}"
        said = line(comparison)
        yield Record(name=name, status=comparison.status, evidence=said, notes=noted)


def _wrong(verdict: Verdict) -> list[Record]:
    """Return the records of a verdict that keep it from passing."""
    records = [record for record in _records(verdict) if not record.passed]
    return [record for record in records if record.status is not Status.INCOMPLETE] or records
