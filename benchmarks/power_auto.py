"""Automatic mutants: how many wrong ones the grids catch, and how they are diagnosed.

`python -m benchmarks.power_auto [--diagnosed N]` (part of `make power`): some hundreds of small
edits of a plain network, made by a program and independent of the catalogue of mistakes. Each is
labelled right or wrong by PyTorch's autograd, without the harness. Then the conditional mistakes,
which are wrong only where a size, a label or a number is special. Two processes share the work.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
import functools
import hashlib
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.cases.draw import draw
from parity.cases.grid import GRIDS
from parity.cases.handful import HANDFUL
from parity.diagnosis.cause import Cause
from parity.diagnosis.diagnose import diagnose
from parity.judging.judge import judge
from parity.model.case import Case
from parity.model.config import Config
from parity.model.trace import Trace
from parity.reference.frameworks.pytorch import pytorch
from parity.reference.mistakes import by_slug
from parity.reference.mistakes.mistake import Mistake
from parity.reference.mistakes.planting import predict
from parity.subjects.capabilities import ORDINARY
from parity.subjects.subject import Subject
from tests.support.auto_mutants import AutoMutant, Label, generate, labelled
from tests.support.auto_mutants.labels import MISTAKE
from tests.support.conditional import CONDITIONAL
from tests.support.plain import PlainNetwork

PROCESSES = 2

SMOKE, DEFAULT = "smoke", "default"

HANDFUL_ALONE = "handful"
"""The configurations that `compare-one-config` asks about when it is given none."""

UNDECIDED = {
    Label.UNCLEAR: "unclear: the difference may be rounding; not counted",
    Label.PARTIAL: "partial: it leaves arrays out, which a subject may do; not counted",
}
"""Labels of mutants that are neither right nor wrong, and why."""

FRESH: tuple[dict[str, Any], ...] = (
    {"seed": 101},
    {"seed": 102, "steps": 7, "hidden": 4, "classes": 6, "weights": "torch"},
    {"seed": 103, "steps": 3, "hidden": 3, "features": 5, "classes": 5, "lr": 0.2},
)
"""The changes to the configuration that was diagnosed: no probe has these seeds."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A mutant's label, and the first configuration of each grid that fails, if any."""

    name: str
    label: Label
    at: Mapping[str, Config | None]
    asked: bool  # whether the default grid has a configuration at which it is not the plain network


@dataclass(frozen=True, kw_only=True)
class Named:
    """The diagnosis of a mutant."""

    name: str
    outcome: str
    said: str


# -- judging, in its own process -------------------------------------------------------------------


@functools.cache
def mutants() -> Mapping[str, AutoMutant]:
    """Return all mutants by name."""
    return {mutant.name: mutant for mutant in generate()}


@functools.cache
def configs(grid: str) -> tuple[Config, ...]:
    """Return the grid's configurations, well mixed: similar ones are not neighbours."""
    if grid == HANDFUL_ALONE:
        return HANDFUL
    every = [config for group in GRIDS[grid].groups() for config in group.configs]
    return tuple(every[i] for i in np.random.default_rng(0).permutation(len(every)))


@functools.cache
def _known(config: Config) -> tuple[Case, Trace, bytes]:
    """Return the case, PyTorch's trace, and the plain network's trace."""
    case = draw(config)
    return case, pytorch.run(case), _bits(PlainNetwork().run(case))


def _bits(answer: Trace) -> bytes:
    return b"".join(name.encode() + array.tobytes() for name, array in answer.items())


def caught_at(subject: Subject, grid: str, *, always: bool = False) -> Config | None:
    """Return the first configuration that fails.

    An answer that equals the plain network's, bit for bit, has the same verdict. The plain network
    itself is judged `always`, and the output reports whether it agrees everywhere.
    """
    for config in configs(grid):
        case, expected, right = _known(config)
        if not always and _answers(subject, case) == right:
            continue
        verdict = judge(subject, case, pytorch, expected=expected)
        if not verdict.passed and not verdict.only_undecided:
            return config
    return None


def _answers(subject: Subject, case: Case) -> bytes | None:
    try:
        return _bits(subject.run(case))
    except Exception:  # noqa: BLE001 - a mutant may raise anything; the verdict reports it
        return None


def judged(name: str) -> Judged:
    """Label a mutant, and judge it with both grids. One that never answers is caught anywhere."""
    mutant = mutants()[name]
    label = labelled(mutant.run)
    decided = label in (Label.RIGHT, Label.WRONG)
    at = {grid: caught_at(mutant.subject(), grid) for grid in (SMOKE, DEFAULT) if decided}
    asked = decided and (at[DEFAULT] is not None or _is_asked(mutant))
    return Judged(name=name, label=label, at=at, asked=asked)


def _is_asked(mutant: AutoMutant) -> bool:
    """Return whether the edit changes the answer in some configuration."""
    known = map(_known, configs(DEFAULT))
    return any(_answers(mutant.subject(), case) != right for case, _, right in known)


def conditionally(slug: str) -> Mapping[str, bool]:
    """Return whether each grid, and the handful, catch a conditional mistake."""
    subject = Subject(name=slug, run=CONDITIONAL[slug].run, knows=tuple(ORDINARY))
    found = {grid: caught_at(subject, grid) for grid in (SMOKE, DEFAULT, HANDFUL_ALONE)}
    return {grid: at is not None for grid, at in found.items()}


# -- naming, in its own process --------------------------------------------------------------------


def named(task: tuple[str, Config]) -> Named:
    """Diagnose a mutant where it has failed, and try the diagnosis on fresh configurations."""
    name, config = task
    mutant = mutants()[name]
    causes = diagnose(mutant.subject(), config, pytorch).causes
    said = f"at {config}: {' '.join(cause.says for cause in causes) or 'unknown'}"
    if not causes:
        outcome = "unknown"
    else:
        outcome = "rightly" if _reproduced(mutant, causes, config) else "misnamed"
    return Named(name=name, outcome=outcome, said=said)


def _reproduced(mutant: AutoMutant, causes: Sequence[Cause], config: Config) -> bool:
    """Return whether the named mistakes, planted into the textbook, give the mutant's numbers."""
    if not all(cause.slug in by_slug for cause in causes):
        return False
    mistakes = [_mistake(cause) for cause in causes]
    return all(_same(mutant, draw(fresh), mistakes) for fresh in _fresh(config))


def _mistake(cause: Cause) -> Mistake:
    mistake = by_slug[cause.slug]
    return mistake if cause.value is None else mistake.having([cause.value])[0]


def _fresh(config: Config) -> Iterator[Config]:
    """Yield configurations with the same options that the diagnosis has not asked about."""
    for changes in FRESH:
        yield config.replace(**{"dtype": "float64", **changes})


def _same(mutant: AutoMutant, case: Case, mistakes: Sequence[Mistake]) -> bool:
    try:
        answer = mutant.run(case)
    except Exception:  # noqa: BLE001 - if it raises, no known mistake explains it
        return False
    expected = predict(case, mistakes)
    return all(
        np.allclose(answer[name], array, 0, MISTAKE * _largest(array), equal_nan=True)
        for name, array in expected.items()
        if name in answer
    )


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0)) or 1.0


def sampled(names: Sequence[str], count: int) -> list[str]:
    """Return `count` names in a random order that does not change when other names come or go."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())[:count]


# -- printing --------------------------------------------------------------------------------------


def print_labels(found: Sequence[Judged]) -> None:
    """Print the labels of the edited networks."""
    counts = Counter(one.label for one in found)
    told = ", ".join(f"{counts[label]} {label.value}" for label in Label)
    print(f"{len(found)} automatic mutants, labelled by autograd: {told}", flush=True)
    for one in found:
        if one.label in UNDECIDED:
            _print_edit(UNDECIDED[one.label], one.name)


def print_wrong(found: Sequence[Judged]) -> None:
    """Print how many wrong ones each grid catches, and which ones the default grid misses."""
    wrong = [one for one in found if one.label is Label.WRONG]
    for grid in (SMOKE, DEFAULT):
        caught = sum(one.at[grid] is not None for one in wrong)
        share = f"{caught / len(wrong):.1%} of {len(wrong)}"
        print(f"wrong automatic mutants caught by the {grid} grid: {share}", flush=True)
    missed = [one for one in wrong if one.at[DEFAULT] is None]
    unasked = sum(not one.asked for one in missed)
    print(f"not caught by it: {len(missed)}; {unasked} of them are right in all its configurations")
    for one in missed:
        _print_edit("not caught" if one.asked else "not asked about", one.name)


def print_right(found: Sequence[Judged]) -> None:
    """Print how many right ones a grid accuses, and whether it accuses the plain network."""
    right = [one for one in found if one.label is Label.RIGHT]
    accused = [one for one in right if any(one.at.values())]
    print(f"right automatic mutants accused: {len(accused)} of {len(right)} (0 asked)")
    for one in accused:
        _print_edit(f"accused at {one.at[SMOKE] or one.at[DEFAULT]}", one.name)
    plain = Subject(name="plain", run=PlainNetwork().run, knows=tuple(ORDINARY))
    at = caught_at(plain, DEFAULT, always=True)
    print(f"the plain network itself is accused {at or 'nowhere'}", flush=True)


def print_conditional(found: Mapping[str, Mapping[str, bool]]) -> None:
    """Print how many conditional mistakes are caught, and which ones the default grid misses."""
    for grid in (SMOKE, DEFAULT, HANDFUL_ALONE):
        caught = sum(by_grid[grid] for by_grid in found.values())
        what = grid if grid == HANDFUL_ALONE else f"{grid} grid"
        print(f"conditional mistakes caught by the {what}: {caught} of {len(found)}", flush=True)
    missed = [slug for slug, by_grid in found.items() if not by_grid[DEFAULT]]
    print(f"not caught by the {DEFAULT} grid: {', '.join(missed) or 'none'}")


def print_named(found: Sequence[Named]) -> None:
    """Print the diagnoses of a sample of the wrong ones."""
    counts = Counter(one.outcome for one in found)
    told = ", ".join(
        f"{counts[outcome]} {outcome}" for outcome in ("rightly", "misnamed", "unknown")
    )
    print(f"of {len(found)} wrong ones that were diagnosed are named: {told}", flush=True)
    for one in found:
        if one.outcome != "unknown":
            _print_edit(f"{one.outcome} {one.said}", one.name)


def _print_edit(what: str, name: str) -> None:
    edit = " ".join(mutants()[name].edit.says.split())
    print(f"  {name}: {edit}\n    {what}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power_auto")
    parser.add_argument("--diagnosed", type=int, default=60, help="wrong mutants to be diagnosed")
    given = parser.parse_args(arguments)
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        found = pool.map(judged, mutants(), chunksize=8)
        print_labels(found)
        print_wrong(found)
        conditional = pool.map(conditionally, CONDITIONAL, chunksize=4)
        print_conditional(dict(zip(CONDITIONAL, conditional, strict=True)))
        where = {
            one.name: one.at[SMOKE] or one.at[DEFAULT] for one in found if any(one.at.values())
        }
        caught = [one.name for one in found if one.label is Label.WRONG and one.name in where]
        tasks = [
            (name, config)
            for name in sampled(caught, given.diagnosed)
            if (config := where[name]) is not None
        ]
        print_named(pool.map(named, tasks, chunksize=1))
    print_right(found)
    print(f"all of this took {time.perf_counter() - start:.0f} s on {PROCESSES} processes")


if __name__ == "__main__":
    main()
