"""Asking: somebody's file, judged as its author would have it judged, up to the first failure."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from parity.cases.draw import draw
from parity.cases.grid import GRIDS
from parity.cases.handful import HANDFUL
from parity.execution.limits import Limits
from parity.execution.process import closed, isolated
from parity.judging.coverage import covered
from parity.judging.judge import judge
from parity.model.config import Config
from parity.model.errors import ParityError, SubjectError
from parity.model.finding import Misbehaviour
from parity.model.verdict import Verdict
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject

LIMITS = Limits(seconds=3.0)


class Outcome(StrEnum):
    """The result for a file; only the first two say that it is right or wrong."""

    AGREES = "agrees"
    DIFFERS = "differs"  # or it misbehaves
    INCOMPLETE = "incomplete"  # nothing differs, and a part of it could not be asked for
    NOT_UNDERSTOOD = "not understood"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a user sees of a file: the outcome, and the verdict or the line that shows it."""

    outcome: Outcome
    said: str  # why it is refused, which part is lacking, or what went wrong first
    failing: Verdict | None = None
    first: Verdict | None = None  # of the default configuration; None where it is refused
    only_forward: bool = False


def asked(spec: str, grid: str = "default") -> Asked:
    """Load a file in its own process, judge it over the grid, and end the process."""
    try:
        subject = isolated(spec, limits=LIMITS)
    except ParityError as error:
        return refused(error)
    try:
        return judged(subject, grid)
    finally:
        closed(subject)


def refused(error: ParityError) -> Asked:
    """Return what a user sees of a file that is refused."""
    reason = error.reason if isinstance(error, SubjectError) else None
    kind = reason.value if reason else "error"
    return Asked(outcome=Outcome.REFUSED, said=f"{kind}: {' '.join(str(error).split())}")


def judged(subject: Subject, grid: str = "default") -> Asked:
    """Judge a subject: the handful that is asked about without a configuration, then the grid.

    Without a grid, three ordinary configurations: the default one, many steps, and one step. Of a
    subject in its own process, the lines that were never executed count.
    """
    first: Verdict | None = None
    incomplete = ""
    for config in _configs(subject, grid):
        verdict = judge(subject, draw(config), pytorch, thorough=first is None)
        first = verdict if first is None else first
        if verdict.not_understood:
            return _of(Outcome.NOT_UNDERSTOOD, verdict, first)
        if is_accused(verdict):
            return _of(Outcome.DIFFERS, verdict, first)
        if verdict.faults:
            incomplete = incomplete or verdict.faults[0].text
    if first is not None and not incomplete:
        incomplete = "; ".join(f.text for f in covered(first, subject).faults)
    outcome = Outcome.INCOMPLETE if incomplete else Outcome.AGREES
    return Asked(
        outcome=outcome, said=incomplete, first=first, only_forward=_is_only_forward(first)
    )


def _configs(subject: Subject, grid: str) -> Iterator[Config]:
    if grid:
        yield from subject.askable(HANDFUL)
        yield from subject.fitting(mixed(grid))
    else:
        default = subject.asked(Config())
        yield from (default, default.replace(steps=28, hidden=16), default.replace(steps=1))


@functools.cache
def mixed(grid: str) -> tuple[Config, ...]:
    """Return the grid's configurations, well mixed: similar ones are not neighbours."""
    every = [config for group in GRIDS[grid].groups() for config in group.configs]
    return tuple(every[i] for i in np.random.default_rng(0).permutation(len(every)))


def is_accused(verdict: Verdict) -> bool:
    """Return whether a verdict says that the subject is wrong, or misbehaves."""
    faults = [f for f in verdict.faults if f.kind is not Misbehaviour.INCOMPLETE]
    over = any(c.greatest is not None and c.greatest.wrong for c in verdict.undecided)
    return bool(verdict.failures or faults or over)


def _of(outcome: Outcome, verdict: Verdict, first: Verdict) -> Asked:
    wrong = [f"{c.name} {c.status}" for c in verdict.failures]
    said = [f"{f.kind}: {f.text}" for f in verdict.faults] + wrong
    return Asked(
        outcome=outcome,
        said=f"{', '.join(said[:3])} at {verdict.config}",
        failing=verdict,
        first=first,
        only_forward=_is_only_forward(first),
    )


def _is_only_forward(verdict: Verdict | None) -> bool:
    """Return whether neither a gradient nor a step was answered."""
    if verdict is None:
        return False
    return not any(
        c.name.startswith(("grad/", "step")) and c.name not in verdict.left_out
        for c in verdict.comparisons
    )
