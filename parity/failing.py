"""Failing: what is done about a comparison that failed, after it was told why."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parity.case import Case
from parity.diagnosis import Diagnosis
from parity.drawing import draw
from parity.errors import KeepingError
from parity.judging import judge
from parity.keeping import keep
from parity.report.text import kept_line, smallest_line
from parity.shrinking import Shrunk, shrink
from parity.subject import Subject
from parity.verdict import Verdict
from parity.yardstick import Yardstick


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """Which cases were kept, the smallest that fails, and what could not be done."""

    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    kept: tuple[Path, ...] = ()
    smallest: Shrunk | None = None

    def data(self) -> dict[str, Any]:
        """Return it for `--json`; without a search there is no smallest case."""
        smallest = None if self.smallest is None else str(self.smallest.config)
        return {"kept": [str(folder) for folder in self.kept], "smallest": smallest}


def is_failure(verdict: Verdict) -> bool:
    """Return whether something is wrong; that noise hides an answer is not."""
    return not verdict.passed and not verdict.only_undecided


def follow(
    subject: Subject,
    case: Case,
    verdict: Verdict,
    yardstick: Yardstick,
    *,
    keeping: bool,
    shrinking: bool,
    why: Diagnosis | None = None,
) -> Aftermath:
    """Keep a failing case, look for the smallest one that fails in the same way, keep that, too.

    A case that comes from a folder is kept already.
    """
    if not is_failure(verdict):
        return Aftermath()
    known = Aftermath()
    if keeping and not verdict.kept:
        known = _and_kept(known, subject, case, verdict, yardstick)
    if not shrinking:
        return known
    smallest = shrink(subject, verdict, yardstick, why=why)
    lines = (*known.lines, smallest_line(str(smallest.config), smallest.tried, smallest.seconds))
    known = replace(known, lines=lines, smallest=smallest)
    if not keeping or smallest.config == verdict.config:
        return known
    small = draw(smallest.config)
    judged = judge(subject, small, yardstick, thorough=True)
    return _and_kept(known, subject, small, judged, yardstick)


def _and_kept(
    known: Aftermath, subject: Subject, case: Case, verdict: Verdict, yardstick: Yardstick
) -> Aftermath:
    try:
        kept = keep(subject, case, verdict, yardstick)
    except KeepingError as error:
        return replace(known, problems=(*known.problems, str(error)))
    lines = (*known.lines, kept_line(str(kept.folder)), *kept.notes)
    return replace(known, lines=lines, kept=(*known.kept, kept.folder))
