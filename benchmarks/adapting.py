"""Implementations as their authors wrote them: recognised, judged, and their mistakes named.

`python -m benchmarks.adapting [NAME ...] [--grid smoke]` (part of `make power`): how many of each
group are recognised without any help, wholly or their forward pass alone, and why the others are
refused; wrong verdicts, by name; the share of wrong ones whose mistake is named, in the diagnosis
or as a finding; and the processor time of a search. Two processes share the work, and each
implementation runs in its own.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
import contextlib
import functools
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.adapter.attempts import quiet
from parity.adapter.load import load
from parity.diagnosis.diagnose import Diagnosis, diagnose
from parity.execution.process import closed, isolated
from parity.model.errors import ParityError
from parity.reference.frameworks.pytorch import pytorch
from tests.support import implementations
from tests.support.asking import LIMITS, Asked, Outcome, judged, refused
from tests.support.implementations import GROUPS, IMPLEMENTATIONS, Implementation

FOLDER = Path(implementations.__file__).parent
PROCESSES = 2


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result for one implementation."""

    outcome: Outcome
    said: str  # in one line, why that is the outcome
    only_forward: bool = False
    causes: frozenset[str] = frozenset()  # by their names
    facts: frozenset[str] = frozenset()  # kinds of findings, facts and remarks

    @property
    def recognised(self) -> bool:
        """Whether everything that it offers was asked for."""
        return self.outcome in (Outcome.AGREES, Outcome.DIFFERS) and not self.only_forward


def spec_of(implementation: Implementation) -> str:
    """Return its name for the command line."""
    if ".py" in implementation.spec or ".ipynb" in implementation.spec:
        return str(FOLDER / implementation.spec)
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))  # a package in it
    return implementation.spec


def result(implementation: Implementation, grid: str = "default") -> Result:
    """Adapt an implementation, judge it over a grid up to the first failure, and diagnose that."""
    try:
        subject = isolated(spec_of(implementation), limits=LIMITS)
    except ParityError as error:
        found = refused(error)
        return Result(outcome=found.outcome, said=found.said)
    try:
        found = judged(subject, grid)
        diagnosis = None
        if found.outcome is Outcome.DIFFERS and found.failing is not None:
            diagnosis = diagnose(subject, found.failing.config, pytorch)
    finally:
        closed(subject)
    return Result(
        outcome=found.outcome,
        said=found.said,
        only_forward=found.only_forward,
        causes=frozenset() if diagnosis is None else frozenset(c.name for c in diagnosis.causes),
        facts=frozenset(_facts(found, diagnosis)),
    )


def _facts(found: Asked, diagnosis: Diagnosis | None) -> Iterator[str]:
    verdicts = [v for v in (found.failing, found.first) if v is not None]
    for verdict in verdicts:
        yield from (finding.kind.value for finding in verdict.findings)
        yield from verdict.remarks
    yield from () if diagnosis is None else diagnosis.facts


def is_named(implementation: Implementation, found: Result) -> bool:
    """Return whether each mistake of an implementation was named."""
    said = "\n".join(found.facts).lower()
    wanted = [what.lower() for what in (*implementation.facts, implementation.finding) if what]
    return found.causes >= {*implementation.mistakes} and all(what in said for what in wanted)


def is_false(implementation: Implementation, found: Result) -> bool:
    """Return whether a right one is accused, or a wrong one agrees."""
    if implementation.right or implementation.borrowed:
        return found.outcome is Outcome.DIFFERS
    return found.outcome is Outcome.AGREES


def processor_seconds(implementation: Implementation) -> float:
    """Return the processor time of loading it, whether it is recognised or refused."""
    spec = spec_of(implementation)
    start = time.process_time()
    with quiet(), contextlib.suppress(Exception, SystemExit):  # a refusal takes its time as well
        load(spec)
    return time.process_time() - start


# -- printing --------------------------------------------------------------------------------------


def print_group(title: str, found: Mapping[Implementation, Result]) -> None:
    """Print the results for one group, and every implementation that asks for attention."""
    for implementation, result_ in found.items():
        if note := "; ".join(_notes(implementation, result_)):
            print(f"  {implementation.spec}: {note}")
    whole = [r for r in found.values() if r.recognised]
    forward = sum(r.only_forward for r in found.values())
    counts = {o: sum(r.outcome is o for r in found.values()) for o in Outcome}
    share = len(whole) / len(found)
    print(f"{title}: adapted whole: {share:.1%} of {len(found)} (85% asked)")
    print(f"{title}: forward pass alone: {forward}; " + _counted(counts))
    accused = [i for i, r in found.items() if is_false(i, r) and r.outcome is Outcome.DIFFERS]
    agree = [i for i, r in found.items() if is_false(i, r) and r.outcome is Outcome.AGREES]
    print(f"{title}: right ones accused: {len(accused)}, wrong ones that agree: {len(agree)} (0)")
    wrong = {i: r for i, r in found.items() if not i.right and not i.wrong and r.recognised}
    named = sum(is_named(i, r) for i, r in wrong.items())
    print(f"{title}: mistake named: {named} of {len(wrong)} with a name (90% asked)", flush=True)


def _counted(counts: Mapping[Outcome, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def _notes(implementation: Implementation, found: Result) -> Iterator[str]:
    if is_false(implementation, found):
        what = (
            "A RIGHT ONE IS ACCUSED" if found.outcome is Outcome.DIFFERS else "A WRONG ONE AGREES"
        )
        yield f"{what} ({found.said})"
    elif not found.recognised:
        yield f"{found.outcome}: {found.said[:160]}" if found.said else f"{found.outcome}"
    if found.only_forward:
        yield "forward pass alone"
    named = implementation.right or implementation.wrong or is_named(implementation, found)
    if found.outcome is Outcome.DIFFERS and not named:
        yield f"not named: {' '.join(sorted(found.causes)) or found.said}"


def print_seconds(title: str, seconds: Sequence[float], most: float) -> None:
    """Print the processor time of some searches."""
    if seconds:
        told = f"median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s"
        over = sum(s > most for s in seconds)
        print(f"processor time of a {title}: {told} ({most:g} s asked; {over} take longer)")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adapting")
    parser.add_argument("names", nargs="*", help="parts of names; default: all")
    parser.add_argument("--grid", default="default")
    parser.add_argument("--group", choices=GROUPS)
    given = parser.parse_args(arguments)
    chosen = [
        i
        for i in IMPLEMENTATIONS
        if (not given.names or any(n in i.spec for n in given.names))
        and given.group in (None, i.group)
    ]

    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        results = pool.map(functools.partial(result, grid=given.grid), chosen, chunksize=1)
        found = dict(zip(chosen, results, strict=True))
        for group, title in GROUPS.items():
            if some := {i: r for i, r in found.items() if i.group == group}:
                print_group(title, some)
        seconds = pool.map(processor_seconds, chosen, chunksize=1)
    taken = list(zip(results, seconds, strict=True))
    print_seconds("fit", [s for r, s in taken if r.outcome is not Outcome.REFUSED], most=5)
    print_seconds("refusal", [s for r, s in taken if r.outcome is Outcome.REFUSED], most=8)


if __name__ == "__main__":
    main()
