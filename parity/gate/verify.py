"""Verifying: a subject judged over a grid from one's own code or one's own tests.

In the manner of scikit-learn's `check_estimator` and `parametrize_with_checks`.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from parity.cases.draw import draw
from parity.cases.grid import GRIDS
from parity.execution.limits import MEMORY_LIMIT, TIME_LIMIT, Limits
from parity.execution.process import closed, isolated
from parity.execution.runner import Here
from parity.judging.judge import judge
from parity.model.comparison import Status
from parity.model.config import Config
from parity.model.errors import ConfigError, SubjectError
from parity.model.finding import Misbehaviour
from parity.model.verdict import Verdict
from parity.report.text import failure_message, line, notes
from parity.subjects.capabilities import known
from parity.subjects.subject import Run, Subject

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of one array of one configuration, or of the subject's behaviour there."""

    name: str  # the configuration's id and the array: "b7-t5-f3-h6-c4-tanh-f64-s0 grad/W_h"
    status: Status | Misbehaviour
    evidence: str  # both numbers, how far they are apart and how far they may be
    notes: tuple[str, ...] = ()  # what else the subject did in this configuration; fails nothing

    @property
    def passed(self) -> bool:
        """True when the array agrees; what was not checked has not passed."""
        return self.status is Status.AGREES


def verify(
    subject: Subject | Run | str,
    grid: str = "smoke",
    *,
    time_limit: float = TIME_LIMIT,
    memory_limit: int = MEMORY_LIMIT,
) -> tuple[Record, ...]:
    """Judge a subject against PyTorch in every configuration of a grid; return all that was found.

    subject: a function run(case), what `load` makes of a name, or that name itself: only a name
    gets a process of its own.
    grid: smoke, default or full.
    time_limit: seconds for each configuration; of a function, in the main thread only.
    memory_limit: megabytes that a subject's own process may fill.
    Raises SubjectError when there is no such subject, ConfigError when there is no such grid or
    limit.
    """
    configs = _configs(grid)
    judged = _subject(subject, Limits(seconds=time_limit, megabytes=memory_limit))
    try:
        asked = judged.fitting(configs)
        return tuple(record for config in asked for record in _records(_judged(judged, config)))
    finally:
        if isinstance(subject, str):
            closed(judged)


def parametrize(
    subject: Subject | Run | str,
    grid: str = "smoke",
    *,
    time_limit: float = TIME_LIMIT,
    memory_limit: int = MEMORY_LIMIT,
) -> "pytest.MarkDecorator":
    """Return a decorator that runs a test once for each configuration, with a `check` to call.

        @parity.parametrize(my_rnn.run)
        def test_my_rnn(check):
            check()

    A check raises AssertionError with the evidence, and skips where rounding hides the answer.
    Raises SubjectError and ConfigError as `verify` does.
    """
    import pytest

    configs = _configs(grid)
    judged = _subject(subject, Limits(seconds=time_limit, megabytes=memory_limit))
    checks: dict[str, Callable[[], None]] = {
        str(config): partial(_check, judged, config) for config in judged.fitting(configs)
    }
    return pytest.mark.parametrize("check", checks.values(), ids=checks.keys())


def _subject(subject: Subject | Run | str, limits: Limits) -> Subject:
    if isinstance(subject, Subject):
        return subject
    if isinstance(subject, str):
        return isolated(subject, limits=limits)
    if isinstance(subject, type):
        raise SubjectError(f"a class is given by its name, 'file.py:{subject.__name__}'")
    name = getattr(subject, "__name__", type(subject).__name__)
    module = sys.modules.get(getattr(subject, "__module__", ""))
    options = getattr(subject, "OPTIONS", getattr(module, "OPTIONS", ()))
    run = Here(run=subject, seconds=limits.seconds)
    return Subject(name=name, run=run, knows=known(options, name))


def _configs(grid: str) -> list[Config]:
    if grid not in GRIDS:
        raise ConfigError(f"grid must be one of {', '.join(GRIDS)}, got {grid!r}")
    return [config for group in GRIDS[grid].groups() for config in group.configs]


def _judged(subject: Subject, config: Config) -> Verdict:
    from parity.reference.frameworks.pytorch import pytorch

    return judge(subject, draw(config), pytorch)


def _records(verdict: Verdict) -> Iterator[Record]:
    noted = tuple(notes(verdict))
    for finding in verdict.faults:
        evidence = f"{finding.text}\n{finding.evidence}".rstrip()
        yield Record(name=str(verdict.config), status=finding.kind, evidence=evidence, notes=noted)
    for comparison in verdict.comparisons:
        name = f"{verdict.config} {comparison.name}"
        said = line(comparison)
        yield Record(name=name, status=comparison.status, evidence=said, notes=noted)


def _check(subject: Subject, config: Config) -> None:
    verdict = _judged(subject, config)
    if verdict.only_undecided:
        import pytest

        pytest.skip(line(verdict.undecided[0]))
    if not verdict.passed:
        raise AssertionError(failure_message(verdict))
