"""Mistakes planted into source: whether the grid catches them, and the diagnosis names them.

`python -m benchmarks.naming [--pairs N] [--seed S]` (`make power`): the mutation score of both
grids, the share of single mistakes and of pairs that is named, and of mistakes in options where the
grid's combinations meet them first, what becomes of errors that are in no catalogue and of correct
code, and how long a diagnosis takes.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
import itertools
import statistics
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from parity.cases.draw import draw
from parity.cases.grid import GRIDS
from parity.cases.pairwise import of_classifiers, of_layers
from parity.diagnosis.diagnose import Diagnosis, diagnose
from parity.judging.judge import judge
from parity.model.config import Config
from parity.reference.frameworks.pytorch import pytorch, twin
from parity.reference.mistakes.mistake import Mistake
from parity.subjects.capabilities import ORDINARY, fitting
from parity.subjects.subject import Subject
from tests.support.planted import Edit
from tests.support.planted_copies import CannotPlantError, load, planted, planted_options
from tests.support.unknown import UNKNOWN
from tests.support.variants import VARIANTS

Mutants = dict[Mistake, tuple[Edit, ...]]
Options = dict[Mistake, tuple[Config, tuple[Edit, ...]]]


def configs(grid: str, knows: Collection[str] = ()) -> list[Config]:
    """Return the grid's configurations for a subject that knows these options, well mixed."""
    all_of_it = (config for group in GRIDS[grid].groups() for config in group.configs)
    every = fitting(all_of_it, {}, knows)
    return [every[i] for i in np.random.default_rng(0).permutation(len(every))]


def showing(mistake: Mistake, within: Sequence[Config]) -> list[Config]:
    """Return the configurations that can show a mistake at all."""
    return [config for config in within if mistake.applies(config)]


def caught_at(subject: Subject, within: Sequence[Config]) -> Config | None:
    """Return the first configuration that turns red."""
    for config in within:
        verdict = judge(subject, draw(config), pytorch)
        if not verdict.passed and not verdict.only_undecided:
            return config
    return None


def asked(subject: Subject) -> Iterator[Diagnosis]:
    """Diagnose as a classifier and as a layer, of tanh and of relu: some mistakes exist in one."""
    for activation, kind in itertools.product(("tanh", "relu"), ("classifier", "layer")):
        yield diagnose(subject, Config(activation=activation, kind=kind), pytorch)


def sentences(diagnoses: Iterable[Diagnosis]) -> set[str]:
    """Return all that is named."""
    return {cause.says for diagnosis in diagnoses for cause in diagnosis.causes}


def is_named(diagnoses: Iterable[Diagnosis], mistakes: Iterable[Mistake]) -> bool:
    """Return whether these mistakes are named, and no other."""
    named = {cause.name for diagnosis in diagnoses for cause in diagnosis.causes}
    return named == {mistake.name for mistake in mistakes}


def pairs(mutants: Mutants, seed: int) -> Iterator[tuple[tuple[Mistake, Mistake], Subject]]:
    """Yield random pairs of mistakes of different parts that can be planted together."""
    rng = np.random.default_rng(seed)
    every = list(mutants)
    while True:
        one, other = (every[i] for i in rng.choice(len(every), 2, replace=False))
        if one.part == other.part:
            continue
        try:
            yield (one, other), load((*mutants[one], *mutants[other]))
        except CannotPlantError:
            continue


def print_scores(mutants: Mutants, options: Options) -> None:
    """Print the mutation score of the grids, and who survives; the smallest has no options."""
    subjects = {mistake: load(edits) for mistake, edits in mutants.items()}
    where = {
        grid: {mistake: caught_at(subject, configs(grid)) for mistake, subject in subjects.items()}
        for grid in ("smoke", "default")
    }
    where["default"] |= {
        mistake: caught_at(load(edits), showing(mistake, configs("default", ORDINARY)))
        for mistake, (_, edits) in options.items()
    }
    for grid, found in where.items():
        survivors = [mistake for mistake, config in found.items() if config is None]
        share = 1 - len(survivors) / len(found)
        print(f"caught by the {grid} grid: {share:.1%} of {len(found)} mistakes", flush=True)
        for mistake in survivors:
            print(f"  {mistake}: caught at {where['default'][mistake]}")


def print_singles(mutants: Mutants, options: Options) -> list[float]:
    """Print the share of single mistakes that is named, alone; return each diagnosis's seconds."""
    seconds, missed = [], []
    every = {mistake: (None, edits) for mistake, edits in mutants.items()} | options
    for mistake, (config, edits) in every.items():
        subject = load(edits)
        found = [diagnose(subject, config, pytorch)] if config else list(asked(subject))
        seconds += [diagnosis.seconds for diagnosis in found]
        if not is_named(found, [mistake]):
            missed.append((mistake, found))
    named = 1 - len(missed) / len(every)
    print(f"single mistakes named, alone: {named:.1%} of {len(every)} (98% asked)")
    for mistake, found in missed:
        print(f"  {mistake}: {' '.join(sentences(found)) or 'unknown'}")
    return seconds


def combined(mistake: Mistake, subject: Subject) -> Config | None:
    """Return the first of the grid's combinations of options that turns red."""
    return caught_at(subject, showing(mistake, (*of_layers(), *of_classifiers())))


def print_combined(options: Options) -> list[float]:
    """Print the share of mistakes in options that is named where a user meets it first."""
    seconds, missed = [], []
    for mistake, (_, edits) in options.items():
        subject = load(edits)
        config = combined(mistake, subject)
        found = [diagnose(subject, config, pytorch)] if config else []
        seconds += [diagnosis.seconds for diagnosis in found]
        if not is_named(found, [mistake]):
            missed.append((mistake, config, found))
    named = 1 - len(missed) / len(options)
    print(f"named at the first failing combination: {named:.1%} of {len(options)}", flush=True)
    for mistake, config, found in missed:
        print(f"  {mistake}: at {config}: {' '.join(sentences(found)) or 'unknown'}")
    return seconds


def print_pairs(mutants: Mutants, count: int, seed: int) -> list[float]:
    """Print the share of pairs of which both are named, and no third; return the seconds."""
    named, missed, seconds = 0, [], []
    for number, (both, subject) in enumerate(pairs(mutants, seed)):
        if number == count:
            break
        found = list(asked(subject))
        seconds += [diagnosis.seconds for diagnosis in found]
        if is_named(found, both):
            named += 1
        else:
            missed.append((both, found))
    print(f"pairs named, both: {named / count:.1%} of {count} (90% asked)")
    for both, found in missed:
        print(f"  {' + '.join(map(str, both))}: {' '.join(sentences(found)) or 'unknown'}")
    return seconds


def print_unknown() -> list[float]:
    """Print what becomes of errors that are in no catalogue; return the seconds."""
    honest, seconds = 0, []
    for name, edits in UNKNOWN.items():
        found = list(asked(load(edits)))
        honest += not sentences(found)
        seconds += [diagnosis.seconds for diagnosis in found]
        if sentences(found):
            print(f"  misnamed: {name}: {' '.join(sentences(found))}")
    print(f"errors in no catalogue called unknown: {honest} of {len(UNKNOWN)}", flush=True)
    return seconds


def print_correct() -> None:
    """Print whether correct implementations are left alone."""
    correct = [Subject(name=name, run=run) for name, run in VARIANTS.items()]
    correct.append(Subject(name="twin", run=twin.run))
    accused = [
        subject.name
        for subject in correct
        if caught_at(subject, configs("smoke")) or sentences(asked(subject))
    ]
    print(f"correct implementations accused: {len(accused)} of {len(correct)} {accused or ''}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.naming")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="of the random pairs")
    given = parser.parse_args(arguments)
    mutants, options = planted(), planted_options()
    print_scores(mutants, options)
    seconds = print_singles(mutants, options)
    seconds += print_combined(options)
    seconds += print_pairs(mutants, given.pairs, given.seed)
    seconds += print_unknown()
    print_correct()
    times = f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s"
    print(f"a diagnosis takes: {times} (3 s asked)")


if __name__ == "__main__":
    main()
