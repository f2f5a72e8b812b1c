"""Mutated files, asked as a user would: wrong ones that agree, and right ones that are accused.

`python -m benchmarks.power_adapted [--each N]` (part of `make power`): plain networks in four
styles with one small edit each, made by a program and labelled by PyTorch's autograd. The harness
finds out by itself how to ask each, and judges it over the smoke and the default grid up to the
first failure. Two processes share the work, and each mutant runs in its own.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
import functools
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.power_auto import sampled
from tests.support.asking import Outcome, asked
from tests.support.auto_mutants import Label
from tests.support.mutated_files import SOURCES, MutatedFile, mutated_files

PROCESSES = 2

GRIDS = ("smoke", "default")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a user sees of a mutant, and whether it is right."""

    name: str
    label: Label
    outcome: Outcome
    said: str

    @property
    def agrees_wrongly(self) -> bool:
        """Whether a wrong one, or one that raises, agrees."""
        return self.label in (Label.WRONG, Label.RAISES) and self.outcome is Outcome.AGREES

    @property
    def accused_wrongly(self) -> bool:
        """Whether a right one is accused."""
        return self.label is Label.RIGHT and self.outcome is Outcome.DIFFERS


@functools.cache
def mutants() -> Mapping[str, MutatedFile]:
    """Return all mutants by name."""
    return {mutant.name: mutant for mutant in mutated_files()}


def judged(name: str) -> Judged:
    """Write a mutant as a file, and judge it as its author would."""
    mutant = mutants()[name]
    with tempfile.TemporaryDirectory() as folder:
        spec = str(mutant.written(Path(folder)))
        for grid in GRIDS:
            found = asked(spec, grid)
            if found.outcome is not Outcome.AGREES:
                break
    return Judged(name=name, label=mutant.label, outcome=found.outcome, said=found.said)


def chosen(each: int) -> list[str]:
    """Return the names of so many mutants of each file, at random, and of all right ones."""
    names: list[str] = []
    for source in SOURCES:
        own = [name for name, mutant in mutants().items() if mutant.source == source]
        names += sampled(own, each)
        names += [n for n in own if n not in names and mutants()[n].label is Label.RIGHT]
    return names


def print_source(source: str, found: Sequence[Judged]) -> None:
    """Print the outcomes of one file's mutants, and every false verdict."""
    wrong = [one for one in found if one.label in (Label.WRONG, Label.RAISES)]
    right = [one for one in found if one.label is Label.RIGHT]
    for title, some in (("wrong", wrong), ("right", right)):
        counts = Counter(one.outcome for one in some)
        told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
        print(f"{source}: of {len(some)} {title} ones: {told}")
    agree = [one for one in found if one.agrees_wrongly]
    accused = [one for one in found if one.accused_wrongly]
    print(f"{source}: wrong ones that agree: {len(agree)}, right ones accused: {len(accused)} (0)")
    for one in (*agree, *accused):
        edit = " ".join(mutants()[one.name].edit.says.split())
        print(f"  {one.outcome}: {one.name}: {edit}\n    {one.said}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power_adapted")
    parser.add_argument("--each", type=int, default=60, help="mutants of each file, besides right")
    given = parser.parse_args(arguments)
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        found = pool.map(judged, chosen(given.each), chunksize=1)
    for source in SOURCES:
        print_source(source, [one for one in found if mutants()[one.name].source == source])
    print(f"all of this took {time.perf_counter() - start:.0f} s on {PROCESSES} processes")


if __name__ == "__main__":
    main()
