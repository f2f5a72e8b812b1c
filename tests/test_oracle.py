"""The exact oracle: certified without backpropagation; what it cannot enclose, it says so."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

from parity.case import Array, Case, draw
from parity.config import Config
from parity.yardstick import Exact
from reference import twin
from reference.arithmetic import Float64, as_trace
from reference.oracle import DROPPED, ENOUGH, PILOT, Ball, Balls, Midpoints, exact
from reference.textbook import Given, Textbook

CONFIGS = {
    "tanh": Config(),
    "relu": Config(activation="relu"),
    "layer, tanh": Config(kind="layer"),
    "layer, relu": Config(kind="layer", activation="relu"),
    "float32": Config(batch=3, dtype="float32"),
    "one of everything": Config(batch=1, steps=1, features=1, hidden=1, classes=2),
    "longer": Config(batch=3, steps=20, features=8, hidden=16),
    "chaotic": Config(batch=2, steps=20, hidden=16, weights="chaotic"),
}
GRADIENTS = ("W_out", "b_out", "W_x", "W_h", "b", "x", "h_0")

every_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


# -- the gradient, certified by the forward equations alone --------------------------------------

BITS, EPSILON = 400, 2.0**-100
"""The central difference's own error is EPSILON squared, 1e-60, and its rounding 2**-300."""

AGREEMENT = 1e-30
"""Of <gradient, V> and the derivative along V: high + low keeps 2**-106 = 1e-32 of an entry."""


def random_direction(case: Case, known: Exact, seed: int) -> dict[str, Array]:
    """Return a V over everything that has a gradient."""
    rng = np.random.default_rng(seed)
    names = [name.partition("/")[2] for name in known.high if name.startswith("grad/")]
    return {name: rng.uniform(-1, 1, getattr(case, name).shape) for name in names}


def moved(given: Given[Ball], along: Mapping[str, Array], by: float) -> Given[Ball]:
    """Return the parameters at theta + by * V."""
    do = Balls()
    V = {name: do.exact(np.atleast_2d(v)) for name, v in along.items() if name != "x"}
    changed: dict[str, Any] = {name: getattr(given, name) + v * by for name, v in V.items()}
    x = [x_t + do.exact(along["x"][:, t]) * by for t, x_t in enumerate(given.x)]
    return replace(given, **changed, x=x)


def objective(given: Given[Ball]) -> arb:
    """Return the loss, or for a layer sum(upstream * hidden) + sum(upstream_final * last)."""
    do, case = Textbook(Balls()), given.case
    _, *hidden = do.forward(given)
    if case.config.kind == "classifier":
        return do.loss(given, do.logits(given, hidden[-1])).matrix[0, 0]
    pairs = [(h, case.upstream[:, t]) for t, h in enumerate(hidden)]
    pairs.append((hidden[-1], case.upstream_final))
    return sum((inner(h.matrix.entries(), weight) for h, weight in pairs), arb(0))


def inner(values: list[arb], weights: Array) -> arb:
    return sum((v * w for v, w in zip(values, weights.ravel().tolist(), strict=True)), arb(0))


def disagreement(case: Case, known: Exact, along: Mapping[str, Array]) -> float:
    """Return |<gradient, V> - (f(theta + eps V) - f(theta - eps V)) / 2 eps|, relative."""
    with ctx.workprec(BITS):
        given = Textbook(Balls()).given(case)
        ahead, behind = (objective(moved(given, along, by)) for by in (EPSILON, -EPSILON))
        derivative = (ahead - behind) / (2 * EPSILON)
        product = arb(0)
        for name, v in along.items():
            product += inner([arb(part) for part in known.high[f"grad/{name}"].flat], v)
            product += inner([arb(part) for part in known.low[f"grad/{name}"].flat], v)
        return float(((product - derivative) / derivative).abs_upper())


@every_config
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradient_is_the_derivative_of_the_forward_equations(config: Config, seed: int) -> None:
    """Along any direction through all that has a gradient, 30 digits are the derivative's."""
    case = draw(config)
    known = exact(case)
    assert disagreement(case, known, random_direction(case, known, seed)) < AGREEMENT


@pytest.mark.parametrize("name", GRADIENTS)
def test_certificate_notices_an_error_of_a_tiny_fraction_of_an_ulp(name: str) -> None:
    """One gradient entry wrong by 2**-80 of itself is not certified."""
    case = draw(Config())
    known = exact(case)
    along = random_direction(case, known, seed=0)
    gradient, low = known.high[f"grad/{name}"], known.low[f"grad/{name}"].copy()
    place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    low[place] += gradient[place] * 2.0**-80
    wrong = replace(known, low={**known.low, f"grad/{name}": low})
    assert disagreement(case, wrong, along) > 100 * AGREEMENT


# -- enclosed, or not ----------------------------------------------------------------------------


def balls(case: Case, precision: int) -> dict[str, list[Ball]]:
    """Return the balls of every compared array, step by step."""
    with ctx.workprec(precision):
        result = Textbook(Balls()).run(case)
    compared = {name: v for name, v in result.items() if not name.startswith("step/")}
    return {name: v if isinstance(v, list) else [v] for name, v in compared.items()}


def relative_radius(matrices: list[Ball]) -> float:
    """Return the largest radius of an array over its largest midpoint."""
    entries = [entry for ball in matrices for entry in ball.matrix.entries()]
    return float(max(e.rad() for e in entries) / max(abs(e.mid()) for e in entries))


@every_config
def test_enclosed(config: Config) -> None:
    """Everything compared with PyTorch is enclosed, in balls of under 2**-70 of the array."""
    case = draw(config)
    known = exact(case)
    assert known.enclosed == {name: True for name in twin.run(case) if "step/" not in name}
    found = balls(case, known.precision)
    assert max(relative_radius(matrices) for matrices in found.values()) < 2.0**-ENOUGH


@every_config
def test_balls_of_two_precisions_overlap(config: Config) -> None:
    """What 128 bits enclose and what 320 bits enclose has the truth in common."""
    case = draw(config)
    coarse, fine = balls(case, PILOT), balls(case, 320)
    apart = [
        name
        for name, matrices in coarse.items()
        if not all(c.matrix.overlaps(f.matrix) for c, f in zip(matrices, fine[name], strict=True))
    ]
    assert not apart
    assert coarse.keys() == fine.keys()


def difference(one: Exact, other: Exact, name: str) -> float:
    """Return the largest difference of an array, relative to its largest entry."""
    apart = (one.high[name] - other.high[name]) + (one.low[name] - other.low[name])
    return float(np.abs(apart).max() / np.abs(other.high[name]).max())


@every_config
def test_beyond_the_budget(config: Config) -> None:
    """Without time for balls nothing is said to be enclosed, and 30 digits are right all the same.
    """
    case = draw(config)
    dropped, known = exact(case, budget=0), exact(case)
    assert dropped.enclosed == dict.fromkeys(known.high, False)
    assert dropped.precision == DROPPED
    assert max(difference(dropped, known, name) for name in known.high) < AGREEMENT


def test_precision_follows_the_radii() -> None:
    """Where 128 bits lose every digit the precision is raised until the radii are small."""
    case = draw(Config(batch=2, steps=60, features=8, hidden=32, weights="chaotic"))
    assert max(relative_radius(matrices) for matrices in balls(case, PILOT).values()) > 1
    known = exact(case)
    assert all(known.enclosed.values())
    assert known.precision > PILOT


def test_tie_on_irrational_numbers_is_not_enclosed() -> None:
    """Logits and states are enclosed where no precision tells which side of the kink a state is on.
    """
