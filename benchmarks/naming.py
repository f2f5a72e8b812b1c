"""Mutants: whether the grid catches them, and whether the diagnosis names their mistakes.

`python -m benchmarks.naming [--pairs N] [--seed S]` (`make power`): the share of named pairs of
mistakes, and the results for errors that the catalogue lacks and for correct code. Then a test of
consistency, since these mutants were written together with the catalogue: how many of them both
grids catch, and how many are named, alone and at the first failing combination of options of the
grid. Last, how long a diagnosis takes.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
import itertools
import statistics
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from parity.cases.grid import GRIDS
from parity.cases.pairwise import of_classifiers, of_layers
from parity.diagnosis.diagnose import Diagnosis, diagnose
from parity.model.config import Config
from parity.reference.frameworks.pytorch import pytorch, twin
from parity.reference.mistakes import CATALOGUE, by_slug
from parity.subjects.capabilities import ORDINARY, fitting
from parity.subjects.subject import Subject
from tests.support.detection import asked, caught_at, is_named, names
from tests.support.mutants import OPTIONS, PLAIN, Mutant, MutantError, combined
from tests.support.unknown import UNKNOWN
from tests.support.variants import VARIANTS


def configs(grid: str, knows: Collection[str] = ()) -> list[Config]:
    """Return the grid's configurations for a subject that supports these options, well mixed."""
    all_of_it = (config for group in GRIDS[grid].groups() for config in group.configs)
    every = fitting(all_of_it, {}, knows)
    return [every[i] for i in np.random.default_rng(0).permutation(len(every))]


def showing(mutant: Mutant, within: Sequence[Config]) -> list[Config]:
    """Return the configurations that can show a mutant's mistake."""
    return [config for config in within if by_slug[mutant.slug].applies(config)]


def pairs(seed: int) -> Iterator[tuple[tuple[Mutant, Mutant], Subject]]:
    """Yield random pairs of mistakes of different parts that can be made together."""
    rng = np.random.default_rng(seed)
    every = [mistake for mistake in CATALOGUE if mistake.slug in PLAIN]
    while True:
        one, other = (every[i] for i in rng.choice(len(every), 2, replace=False))
        if one.part == other.part:
            continue
        both = PLAIN[one.slug], PLAIN[other.slug]
        try:
            yield both, combined(*both)
        except MutantError:
            continue


def print_scores() -> None:
    """Print the mutation score of the grids, and the survivors; the smallest has no options."""
    where = {
        grid: {each.name: caught_at(each.subject(), configs(grid)) for each in PLAIN.values()}
        for grid in ("smoke", "default")
    }
    where["default"] |= {
        each.name: caught_at(each.subject(), showing(each, configs("default", ORDINARY)))
        for each in OPTIONS.values()
    }
    for grid, found in where.items():
        survivors = [name for name, config in found.items() if config is None]
        share = 1 - len(survivors) / len(found)
        print(f"  caught by the {grid} grid: {share:.1%} of {len(found)} mistakes", flush=True)
        for name in survivors:
            print(f"    {name}: caught at {where['default'][name]}")


def print_singles() -> list[float]:
    """Print the share of single mistakes that is named; return each diagnosis's seconds."""
    found = {each: list(asked(each.subject())) for each in PLAIN.values()}
    found |= {each: [diagnose(each.subject(), each.config, pytorch)] for each in OPTIONS.values()}
    missed = [each for each, diagnoses in found.items() if not is_named(diagnoses, [each])]
    named = 1 - len(missed) / len(found)
    print(f"  single mistakes named, alone: {named:.1%} of {len(found)} (98% asked)", flush=True)
    for each in missed:
        print(f"    {each.name}: {' '.join(names(found[each])) or 'unknown'}")
    return seconds_of(found.values())


def seconds_of(found: Iterable[Iterable[Diagnosis]]) -> list[float]:
    """Return how long each diagnosis took."""
    return [diagnosis.seconds for diagnoses in found for diagnosis in diagnoses]


def first_combination(mutant: Mutant) -> Config | None:
    """Return the first of the grid's combinations of options that fails."""
    return caught_at(mutant.subject(), showing(mutant, (*of_layers(), *of_classifiers())))


def print_combined() -> list[float]:
    """Print the share of mistakes in options that is named where a user sees it first."""
    at = {each: first_combination(each) for each in OPTIONS.values()}
    found = {
        each: [diagnose(each.subject(), config, pytorch)] if config else []
        for each, config in at.items()
    }
    missed = [each for each, diagnoses in found.items() if not is_named(diagnoses, [each])]
    named = 1 - len(missed) / len(found)
    print(f"  named at the first failing combination: {named:.1%} of {len(found)}", flush=True)
    for each in missed:
        print(f"    {each.name}: at {at[each]}: {' '.join(names(found[each])) or 'unknown'}")
    return seconds_of(found.values())


def print_pairs(count: int, seed: int) -> list[float]:
    """Print the share of pairs with both named, and no other mistake; return the seconds."""
    drawn = itertools.islice(pairs(seed), count)
    found = [(both, list(asked(subject))) for both, subject in drawn]
    missed = [(both, diagnoses) for both, diagnoses in found if not is_named(diagnoses, both)]
    print(f"pairs named, both: {1 - len(missed) / count:.1%} of {count} (90% asked)")
    for (one, other), diagnoses in missed:
        print(f"  {one.name} + {other.name}: {' '.join(names(diagnoses)) or 'unknown'}")
    return seconds_of(diagnoses for _, diagnoses in found)


def print_unknown() -> list[float]:
    """Print the results for errors that the catalogue lacks; return the seconds."""
    found = {each: list(asked(each.subject())) for each in UNKNOWN.values()}
    misnamed = [each for each, diagnoses in found.items() if names(diagnoses)]
    for each in misnamed:
        print(f"  misnamed: {each.slug}: {' '.join(names(found[each]))}")
    honest = len(found) - len(misnamed)
    print(f"errors in no catalogue called unknown: {honest} of {len(found)}", flush=True)
    return seconds_of(found.values())


def print_correct() -> None:
    """Print whether correct implementations are accused."""
    correct = [Subject(name=name, run=run) for name, run in VARIANTS.items()]
    correct.append(Subject(name="twin", run=twin.run))
    accused = [
        subject.name
        for subject in correct
        if caught_at(subject, configs("smoke")) or names(asked(subject))
    ]
    print(f"correct implementations accused: {len(accused)} of {len(correct)} {accused or ''}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.naming")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of the random pairs")
    given = parser.parse_args(arguments)
    seconds = print_pairs(given.pairs, given.seed) + print_unknown()
    print_correct()
    print("consistency: mutants that were written together with the catalogue:", flush=True)
    print_scores()
    seconds += print_singles() + print_combined()
    times = f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s"
    print(f"a diagnosis takes: {times} (3 s asked)")


if __name__ == "__main__":
    main()
