"""The oracle's gradients, certified by the forward equations alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

from parity.cases.draw import draw
from parity.model.case import Array, Case
from parity.model.config import Config
from parity.reference.base import Exact
from parity.reference.equations.given import Given
from parity.reference.equations.textbook import Textbook
from parity.reference.exact.balls import Ball, Balls
from parity.reference.exact.oracle import exact
from tests.reference.exactly import AGREEMENT, every_config

GRADIENTS = ("W_out", "b_out", "W_x", "W_h", "b", "x", "h_0")
BITS, EPSILON = 400, 2.0**-100
"""The central difference's own error is EPSILON squared, 1e-60, and its rounding 2**-300."""

PLANTED = 2.0**-80
"""The error in one entry that must be noticed, relative to it; an ulp is 2**-52."""


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
    """Return how far <gradient, V> is from the central difference along V.

    |<gradient, V> - (f(theta + eps V) - f(theta - eps V)) / 2 eps| / sum |gradient||V|
    """
    with ctx.workprec(BITS):
        given = Textbook(Balls()).given(case)
        ahead, behind = (objective(moved(given, along, by)) for by in (EPSILON, -EPSILON))
        derivative = (ahead - behind) / (2 * EPSILON)
        product, size = arb(0), 0.0
        for name, v in along.items():
            high, low = known.high[f"grad/{name}"], known.low[f"grad/{name}"]
            product += inner([arb(part) for part in high.flat], v)
            product += inner([arb(part) for part in low.flat], v)
            size += np.abs(high * v).sum()
        return float((product - derivative).abs_upper() / size)


@every_config
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradient_is_the_derivative_of_the_forward_equations(config: Config, seed: int) -> None:
    """Along a direction through everything with a gradient, 30 digits are the derivative's."""
    case = draw(config)
    known = exact(case)
    assert disagreement(case, known, random_direction(case, known, seed)) < AGREEMENT


@pytest.mark.parametrize("name", GRADIENTS)
def test_certificate_notices_an_error_of_a_tiny_fraction_of_an_ulp(name: str) -> None:
    """One gradient entry that is wrong by PLANTED is not certified."""
    case = draw(Config())
    known = exact(case)
    along = random_direction(case, known, seed=0)
    gradient, low = known.high[f"grad/{name}"], known.low[f"grad/{name}"].copy()
    place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    low[place] += gradient[place] * PLANTED
    wrong = replace(known, low={**known.low, f"grad/{name}": low})
    assert disagreement(case, wrong, along) > 100 * AGREEMENT
