"""Cases of every size, weight scale and kind of data, each drawn from one integer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from parity.cases.draw import draw
from parity.model.case import Array, Case
from parity.model.config import Config

LARGEST_SIZES = {"batch": 64, "steps": 200, "features": 64, "hidden": 256, "classes": 16}
"""Sizes are drawn log-uniformly from 1 to these: all orders of magnitude, cheap on average."""

MOST_STATES = 2**18
"""batch * steps * hidden at most: 64 copies of more would not fit into a small machine's memory."""

STRUCTURED = 0.4
"""The share of cases whose data are not ordinary random numbers."""

WEIGHTS: dict[str, Callable[[int], float]] = {
    "0.01": lambda _: 0.01,
    "1/sqrt(H)": lambda hidden: hidden**-0.5,
    "1.5/sqrt(H)": lambda hidden: 1.5 * hidden**-0.5,
    "sqrt(3/H)": lambda hidden: (3 / hidden) ** 0.5,  # spectral radius about 1
    "3/sqrt(H)": lambda hidden: 3 * hidden**-0.5,
}
"""The largest absolute weight, by `hidden`."""

DATA = ("x", "h_0", "upstream", "upstream_final")
WEIGHT_NAMES = ("W_x", "W_h", "b", "W_out", "b_out")


class Sample(NamedTuple):
    """A case that `config` alone does not determine, and the choices that `seed` made for it."""

    seed: int  # sample(seed) draws it again
    case: Case
    weights: str  # one of WEIGHTS
    data: str  # "ordinary" or one of STRUCTURES

    def __str__(self) -> str:
        """Return what a reader needs to recognise and repeat the case."""
        return f"sample({self.seed}): {self.case.config}, weights {self.weights}, {self.data} data"


CHOICES = {
    "kind": ("classifier", "layer"),
    "activation": ("tanh", "relu"),
    "dtype": ("float64", "float32"),
}


def sample(seed: int, dtype: str | None = None) -> Sample:
    """Draw a case: its sizes, kind, activation, dtype (unless given), weight scale and data."""
    rng = np.random.default_rng(seed)
    config = _config(rng, seed)
    weights = str(rng.choice([*WEIGHTS]))
    data = str(rng.choice([*STRUCTURES])) if rng.random() < STRUCTURED else "ordinary"
    case = draw(config.replace(dtype=dtype or config.dtype))
    case = case.replace(**_scaled(case, WEIGHTS[weights](config.hidden)))
    if data != "ordinary":
        case = case.replace(**STRUCTURES[data](case, rng))
    return Sample(seed, case, weights, data)


def _config(rng: Generator, seed: int) -> Config:
    while True:
        sizes: dict[str, Any] = {
            name: int((most + 1) ** rng.random()) for name, most in LARGEST_SIZES.items()
        }
        if sizes["batch"] * sizes["steps"] * sizes["hidden"] <= MOST_STATES:
            break
    options: dict[str, Any] = {name: str(rng.choice(own)) for name, own in CHOICES.items()}
    return Config(**sizes, **options, lr=float(10 ** rng.uniform(-3, 0)), seed=seed)


def _scaled(case: Case, scale: float) -> dict[str, Array]:
    now = case.config.hidden**-0.5  # the scale of `draw` for weights "torch"
    return {name: getattr(case, name) * (scale / now) for name in WEIGHT_NAMES}


# -- structured data -----------------------------------------------------------------------------


def _ones(case: Case, rng: Generator) -> dict[str, Array]:
    """Data are ones; in half of the cases all weights are equal, too, and so are all units."""
    ones = {name: np.ones_like(getattr(case, name)) for name in DATA}
    if rng.random() < 0.5:
        return ones
    weights = {name: getattr(case, name) for name in WEIGHT_NAMES}
    return ones | {name: np.full_like(array, array.max()) for name, array in weights.items()}


def _identical_rows(case: Case, rng: Generator) -> dict[str, Array]:
    """Every sequence of the batch equals the first; in half of the cases all steps are equal."""
    names = (*DATA, "labels")
    rows = {name: np.repeat(getattr(case, name)[:1], case.config.batch, 0) for name in names}
    if rng.random() < 0.5:
        rows |= {n: np.repeat(rows[n][:, :1], case.config.steps, 1) for n in ("x", "upstream")}
    return rows


def _zeros(case: Case, rng: Generator) -> dict[str, Array]:
    """Some of the arrays are zero throughout."""
    names = [name for name in (*DATA, *WEIGHT_NAMES) if rng.random() < 0.4]
    return {name: np.zeros_like(getattr(case, name)) for name in names}


def _all_positive(case: Case, _: Generator) -> dict[str, Array]:
    """Nothing cancels: every sum has the sign of its terms."""
    return {name: np.abs(getattr(case, name)) for name in (*DATA, *WEIGHT_NAMES)}


def _times(factor: float, *names: str) -> Callable[[Case, Generator], dict[str, Array]]:
    return lambda case, _: {name: getattr(case, name) * factor for name in names}


def _tiny(case: Case, rng: Generator) -> dict[str, Array]:
    factor = 1e-30 if case.config.dtype == "float64" else 1e-20
    return _times(factor, *DATA)(case, rng)


def _huge(case: Case, rng: Generator) -> dict[str, Array]:
    return _times(10 ** rng.uniform(3, 6), *DATA)(case, rng)


STRUCTURES: dict[str, Callable[[Case, Generator], dict[str, Array]]] = {
    "ones": _ones,
    "identical rows": _identical_rows,
    "zeros": _zeros,
    "saturating": _times(30.0, "x"),
    "all positive": _all_positive,
    "tiny": _tiny,
    "huge": _huge,
}
