"""Follow-up: a case that failed is kept, and made smaller if asked."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parity.cases.draw import draw
from parity.diagnosis.diagnose import Diagnosis
from parity.judging.judge import judge
from parity.model.case import Case
from parity.model.errors import KeepingError
from parity.model.verdict import Verdict
from parity.reference.base import Reference
from parity.report.text import kept_line, smallest_line
from parity.reproduce.save import keep
from parity.reproduce.shrink import Shrunk, shrink
from parity.subjects.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """The kept cases, the smallest failing case, and problems on the way."""

    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    kept: tuple[Path, ...] = ()
    smallest: Shrunk | None = None

    def data(self) -> dict[str, Any]:
        """Return it for `--json`; without a search there is no smallest case."""
        smallest = None if self.smallest is None else str(self.smallest.config)
        return {"kept": [str(folder) for folder in self.kept], "smallest": smallest}


def is_failure(verdict: Verdict) -> bool:
    """Return whether something is wrong: noise that hides an answer is not, nor a doubt."""
    return not (verdict.passed or verdict.only_undecided or verdict.not_understood)


def follow(
    subject: Subject,
    case: Case,
    verdict: Verdict,
    reference: Reference,
    *,
    keeping: bool,
    shrinking: bool,
    why: Diagnosis | None = None,
) -> Aftermath:
    """Keep a failing case; if asked, look for the smallest one that fails alike, and keep it, too.

    A case that comes from a folder is kept already.
    """
    if not is_failure(verdict):
        return Aftermath()
    known = Aftermath()
    if keeping and not verdict.kept:
        known = _and_kept(known, subject, case, verdict, reference)
    if not shrinking:
        return known
    smallest = shrink(subject, verdict, reference, why=why)
    lines = (*known.lines, smallest_line(str(smallest.config), smallest.tried, smallest.seconds))
    known = replace(known, lines=lines, smallest=smallest)
    if not keeping or smallest.config == verdict.config:
        return known
    small = draw(smallest.config)
    judged = judge(subject, small, reference, thorough=True)
    return _and_kept(known, subject, small, judged, reference)


def _and_kept(
    known: Aftermath, subject: Subject, case: Case, verdict: Verdict, reference: Reference
) -> Aftermath:
    try:
        kept = keep(subject, case, verdict, reference)
    except KeepingError as error:
        return replace(known, problems=(*known.problems, str(error)))
    lines = (*known.lines, kept_line(str(kept.folder)), *kept.notes)
    return replace(known, lines=lines, kept=(*known.kept, kept.folder))
