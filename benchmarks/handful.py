"""The handful: the few configurations that `compare-one-config` asks about by default.

`python -m benchmarks.handful`: all mistakes that some configuration of a tanh classifier shows -
automatic mutants, planted ones and conditional ones - against pairs of sizes and numbers, and some
at random, all of them small. It prints a greedy cover, what each of the present handful adds, the
share that it catches, and that of its first one alone. It takes some minutes.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import functools
import multiprocessing
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from parity.cases.draw import draw
from parity.cases.handful import HANDFUL
from parity.cases.sizes import of_sizes
from parity.diagnosis.probes import is_small
from parity.judging.judge import judge
from parity.model.case import Case
from parity.model.config import Config
from parity.model.trace import Trace
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject
from tests.support.auto_mutants import Label, generate, labelled
from tests.support.conditional import CONDITIONAL
from tests.support.mutants import PLAIN
from tests.support.plain import PlainNetwork

PROCESSES, TURNS, MORE = 2, 4, 120

FAR = 1e-6
"""A share of an array's largest entry that no rounding explains in float64: it needs no verdict."""

Known = tuple[Case, Trace, Trace]


@functools.cache
def candidates() -> tuple[Config, ...]:
    """Return the present handful, pairs of sizes and numbers in different ways, and random ones."""
    others = (config for turn in range(TURNS) for config in of_sizes(Config(), turn, more=MORE))
    return tuple(dict.fromkeys((*HANDFUL, *filter(is_small, others))))


@functools.cache
def mistakes() -> Mapping[str, Callable[[], Subject]]:
    """Return what makes each subject, by its name."""
    planted = {f"planted {m.slug}": m.subject for m in (*PLAIN.values(), *CONDITIONAL.values())}
    return {**planted, **{f"automatic {mutant.name}": mutant.subject for mutant in generate()}}


@functools.cache
def _known(config: Config) -> Known:
    case = draw(config)
    return case, pytorch.run(case), PlainNetwork().run(case)


def shown_by(name: str) -> frozenset[int]:
    """Return the places of the candidates that show a mistake; none where it is not one.

    The ordinary configuration is the first in any case; no other is asked where it shows it.
    """
    subject = mistakes()[name]()
    if name.startswith("automatic") and labelled(subject.run) is not Label.WRONG:
        return frozenset()
    if _shows(subject, *_known(candidates()[0])):
        return frozenset({0})
    others = enumerate(candidates()[1:], 1)
    return frozenset(place for place, config in others if _shows(subject, *_known(config)))


def _shows(subject: Subject, case: Case, expected: Trace, plain: Trace) -> bool:
    try:
        answer = subject.run(case)
    except Exception:  # noqa: BLE001 - a mutant may raise anything, which is caught
        return True
    if answer.keys() == plain.keys():
        if all(answer[name].tobytes() == plain[name].tobytes() for name in plain):
            return False
        if any(_is_far(answer[name], plain[name]) for name in plain):
            return True
    verdict = judge(subject, case, pytorch, expected=expected)
    return not verdict.passed and not verdict.only_undecided


@np.errstate(all="ignore")
def _is_far(answer: np.ndarray, plain: np.ndarray) -> bool:
    if answer.shape != plain.shape or not np.isfinite(plain).all():
        return False
    return bool(np.abs(answer - plain).max() > FAR * np.abs(plain).max())


def cover(shown: Mapping[str, frozenset[int]], start: Sequence[int]) -> list[tuple[int, int]]:
    """Return places, `start` first, that show everything, and how many mistakes each one adds."""
    left, found = dict(shown), list[tuple[int, int]]()
    while any(left.values()):
        counts = np.zeros(len(candidates()), int)
        for places in left.values():
            counts[list(places)] += 1
        place = start[len(found)] if len(found) < len(start) else int(counts.argmax())
        found.append((place, int(counts[place])))
        left = {name: places for name, places in left.items() if place not in places}
    return found


def main() -> None:
    """Print the greedy cover, and what the present handful catches."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        every = dict(zip(mistakes(), pool.map(shown_by, mistakes(), chunksize=8), strict=True))
    shown = {name: places for name, places in every.items() if places}
    print(f"{len(shown)} mistakes are shown by one of {len(candidates())} configurations")
    for title, start in (("greedy", [0]), ("present", range(len(HANDFUL)))):
        print(f"a cover, {title}:")
        for place, count in cover(shown, list(start)):
            print(f"  {count:4} more by {candidates()[place]}")
    for count in (1, len(HANDFUL)):
        caught = sum(bool(places & set(range(count))) for places in shown.values())
        print(f"caught by the first {count} of the handful: {caught} of {len(shown)}")


if __name__ == "__main__":
    main()
