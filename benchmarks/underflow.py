"""False alarms where numbers are below the smallest normal one, and each side flushes as it likes.

`python -m benchmarks.underflow [--cases N] [--seed S]`
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from benchmarks.alarms import FULL, METHODS, Tallies, judged
from benchmarks.calibrate import print_alarms, total
from benchmarks.sampling import DATA, Sample
from parity.cases.draw import draw
from parity.model.case import Array, Case
from parity.model.config import Config
from parity.model.formats import smallest_normal
from tests.support.flushing import FLUSHING

SIZES = {"batch": 12, "steps": 60, "features": 16, "hidden": 32, "classes": 12}
"""Sizes are drawn log-uniformly from 1 to these."""

Change = Callable[[Case, Generator], dict[str, Array]]


def faint(seed: int) -> Sample:
    """Draw a case in which some numbers are subnormal, or become so on the way."""
    rng = np.random.default_rng([seed, 14])
    sizes = {name: int((most + 1) ** rng.random()) for name, most in SIZES.items()}
    config = Config(
        **sizes,  # type: ignore[arg-type]
        kind=str(rng.choice(["classifier", "layer"])),
        activation=str(rng.choice(["tanh", "relu"])),
        dtype=str(rng.choice(["float64", "float32"])),
        seed=seed,
    )
    data = str(rng.choice([*STRUCTURES]))
    case = draw(config)
    with np.errstate(all="ignore"):
        changed = STRUCTURES[data](case, rng)
    return Sample(seed, case.replace(**changed), "1/sqrt(H)", data)


def _times(case: Case, factor: float, *names: str) -> dict[str, Array]:
    """Return arrays times a factor, rounded once."""
    wide = {name: getattr(case, name).astype(np.longdouble) * factor for name in names}
    return {name: array.astype(case.x.dtype) for name, array in wide.items()}


def _near_underflow(case: Case, rng: Generator) -> float:
    return float(smallest_normal(case.config.dtype) * 10 ** rng.uniform(-3, 5))


def _faint_data(case: Case, rng: Generator) -> dict[str, Array]:
    """x, h_0 and b, and so all states, are about the smallest normal number."""
    return _times(case, _near_underflow(case, rng), "x", "h_0", "b")


def _faint_upstream(case: Case, rng: Generator) -> dict[str, Array]:
    names = ("W_out",) if case.config.kind == "classifier" else ("upstream", "upstream_final")
    return _times(case, _near_underflow(case, rng), *names)


def _faint_weights(case: Case, rng: Generator) -> dict[str, Array]:
    names = [n for n in ("W_x", "W_h", "b", "W_out", "b_out") if rng.random() < 0.5]
    return _times(case, _near_underflow(case, rng), *names)


def _faint_and_large(case: Case, rng: Generator) -> dict[str, Array]:
    """Subnormal inputs meet large weights, and the sums are normal numbers."""
    large = 10 ** rng.uniform(2, 12)
    return _times(case, _near_underflow(case, rng), "x", "h_0", "b") | _times(case, large, "W_x")


def _products(case: Case, rng: Generator) -> dict[str, Array]:
    """Normal numbers whose products are subnormal."""
    root = _near_underflow(case, rng) ** 0.5
    return _times(case, root, *DATA, "W_x", "W_out")


def _confident(case: Case, rng: Generator) -> dict[str, Array]:
    """Probabilities are subnormal."""
    most = 10 ** (rng.uniform(1.5, 2.5) + (case.config.dtype == "float64"))
    return _times(case, most, "W_out", "b_out")


def _vanishing(case: Case, rng: Generator) -> dict[str, Array]:
    """Gradients vanish from step to step, and states without inputs as well."""
    found = _times(case, 10 ** rng.uniform(-8, -1), "W_h")
    return found | (_times(case, 0.0, "x", "b") if rng.random() < 0.5 else {})


def _tiny(case: Case, rng: Generator) -> dict[str, Array]:
    return _times(case, 10 ** rng.uniform(-30, 0), *DATA)


def _ordinary(_: Case, __: Generator) -> dict[str, Array]:
    return {}


STRUCTURES: dict[str, Change] = {
    "faint data": _faint_data,
    "faint upstream": _faint_upstream,
    "faint weights": _faint_weights,
    "faint and large": _faint_and_large,
    "faint products": _products,
    "confident": _confident,
    "vanishing": _vanishing,
    "tiny": _tiny,
    "ordinary": _ordinary,
}


def tallied(seeds: Sequence[int]) -> Tallies:
    """Judge every implementation that flushes on every case."""
    return total(judged(s, {FULL: METHODS[FULL]}, faint, FLUSHING) for s in seeds)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of false alarms."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.underflow")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    given = parser.parse_args(arguments)
    seeds = range(given.seed, given.seed + given.cases)
    print_alarms(tallied(seeds), given.cases * len(FLUSHING), len(FLUSHING))


if __name__ == "__main__":
    main()
