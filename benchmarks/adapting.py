"""Implementations as their authors wrote them: recognised, judged, and their mistakes named.

`python -m benchmarks.adapting [NAME ...]` (part of `make power`): the share that is recognised
without any help, whether each verdict over the grid is right, and the share of wrong ones whose
mistake is named, in the diagnosis or as a finding. Each runs in its own process.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.naming import configs
from parity.cases.draw import draw
from parity.diagnosis.diagnose import Diagnosis, diagnose
from parity.execution.limits import Limits
from parity.execution.process import closed, isolated
from parity.judging.judge import judge
from parity.model.config import Config
from parity.model.errors import ParityError
from parity.model.verdict import Verdict
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject
from tests.support import implementations
from tests.support.implementations import IMPLEMENTATIONS, Implementation

FOLDER = Path(implementations.__file__).parent
LIMITS = Limits(seconds=3.0)


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result for one implementation."""

    recognised: bool
    agrees: bool = False
    causes: frozenset[str] = frozenset()  # by their names
    said: frozenset[str] = frozenset()  # kinds of findings, facts and remarks
    seconds: float = 0.0


def spec_of(implementation: Implementation) -> str:
    """Return its name for the command line."""
    if ".py" in implementation.spec:
        return str(FOLDER / implementation.spec)
    if ".ipynb" in implementation.spec:
        return str(FOLDER / implementation.spec)
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))  # a package in it
    return implementation.spec


def result(implementation: Implementation, grid: str = "default") -> Result:
    """Adapt an implementation, judge it over a grid up to the first failure, and diagnose that."""
    start = time.perf_counter()
    try:
        subject = isolated(spec_of(implementation), limits=LIMITS)
        if subject.lacking:
            closed(subject)
            return Result(recognised=False)
    except ParityError:
        return Result(recognised=False)
    try:
        failing = _first_failing(subject, grid)
        diagnosis = None if failing is None else diagnose(subject, failing.config, pytorch)
        said = frozenset(_said(subject, failing, diagnosis))
    finally:
        closed(subject)
    return Result(
        recognised=True,
        agrees=failing is None,
        causes=frozenset() if diagnosis is None else frozenset(c.name for c in diagnosis.causes),
        said=said,
        seconds=time.perf_counter() - start,
    )


def _first_failing(subject: Subject, grid: str) -> Verdict | None:
    asked = subject.asked(Config())
    first = judge(subject, draw(asked), pytorch, thorough=True)
    if not first.passed and not first.only_undecided:
        return first
    ends = (asked.replace(steps=28, hidden=16), asked.replace(steps=1))  # the grid's extremes
    for config in (*ends, *subject.fitting(configs(grid))):
        verdict = judge(subject, draw(config), pytorch)
        if not verdict.passed and not verdict.only_undecided:
            return judge(subject, draw(config), pytorch, thorough=True)
    return None


def _said(subject: Subject, failing: Verdict | None, diagnosis: Diagnosis | None) -> Iterator[str]:
    case = draw(subject.asked(Config()))
    verdict = judge(subject, case, pytorch, thorough=True) if failing is None else failing
    yield from (finding.kind.value for finding in verdict.findings)
    yield from verdict.remarks
    yield from () if diagnosis is None else diagnosis.facts


def is_named(implementation: Implementation, found: Result) -> bool:
    """Return whether each mistake of an implementation was named."""
    said = "\n".join(found.said).lower()
    wanted = [what.lower() for what in (*implementation.facts, implementation.finding) if what]
    return found.causes >= {*implementation.mistakes} and all(what in said for what in wanted)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every implementation with a wrong result, and the shares."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adapting")
    parser.add_argument("names", nargs="*", help="parts of names; default: all")
    parser.add_argument("--grid", default="default")
    given = parser.parse_args(arguments)
    chosen = [
        i for i in IMPLEMENTATIONS if not given.names or any(n in i.spec for n in given.names)
    ]

    found = {i: result(i, given.grid) for i in chosen}
    for title, some in (
        ("", [i for i in chosen if not i.held_out]),
        ("held out: ", [i for i in chosen if i.held_out]),
    ):
        if some:
            _print(title, {i: found[i] for i in some})


def _print(title: str, found: dict[Implementation, Result]) -> None:
    recognised = {i: r for i, r in found.items() if r.recognised}
    wrong = {i: r for i, r in recognised.items() if not i.right}
    borrowed = [i for i, r in recognised.items() if i.finding == "USES_TORCH" and r.agrees]
    right = [i for i, r in recognised.items() if r.agrees == i.right or i in borrowed]
    named = [i for i, r in wrong.items() if is_named(i, r)]
    for implementation, result_ in found.items():
        notes = [
            "not recognised" * (not result_.recognised),
            "wrong verdict" * (result_.recognised and implementation not in right),
            "not named" * (implementation in wrong and implementation not in named),
        ]
        if any(notes):
            print(f"  {implementation.spec}: {', '.join(filter(None, notes))}")
    share = len(recognised) / len(found)
    print(f"{title}recognised without help: {share:.1%} of {len(found)} (85% asked)")
    print(f"{title}right verdict: {len(right)} of {len(recognised)} recognised (all asked)")
    alarms = [i for i, r in recognised.items() if r.agrees and not i.right and i not in borrowed]
    print(f"{title}wrong ones that agree: {len(alarms)} (none asked)")
    print(f"{title}mistake named: {len(named)} of {len(wrong)} wrong ones (90% asked)", flush=True)


if __name__ == "__main__":
    main()
