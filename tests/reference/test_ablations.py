"""Each piece of the noise floor is needed: without it correct code is accused."""

from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks.ablations import ABLATIONS
from benchmarks.alarms import compared
from benchmarks.sampling import sample
from parity import Case, Config, draw
from parity.model.trace import read
from parity.reference.frameworks.pytorch import pytorch
from parity.reference.noise.floor import NoiseFloor, noise_floor
from parity.reference.thresholds import LIMIT
from tests.support.flushing import FLUSHING
from tests.support.variants import VARIANTS


def saturated_alike() -> Case:
    """Return 6,400 identical steps in tanh's saturation: 1 - h^2 magnifies one rounding."""
    case = draw(Config(kind="layer", batch=64, steps=100, features=1, hidden=1))
    ones = {name: np.ones_like(getattr(case, name)) for name in ("x", "h_0", "upstream")}
    return case.replace(
        **ones,
        W_x=np.full_like(case.W_x, 6 + 14 / 41),
        W_h=np.zeros_like(case.W_h),
        b=np.full_like(case.b, 2.0),
        upstream_final=np.zeros_like(case.upstream_final),
    )


def nearly_zero() -> Case:
    """Return a case whose states are about the smallest normal number."""
    case = draw(Config())
    return case.replace(x=case.x * 1e-308, h_0=case.h_0 * 1e-308, b=case.b * 1e-308)


@dataclass(frozen=True)
class Example:
    """A case, and a correct implementation that is accused on it without the piece."""

    case: Case
    variant: str


EXAMPLES = {
    "no shared draws": Example(saturated_alike(), "hoisted"),
    "no sqrt(n) in g(n)": Example(sample(223).case, "concatenated"),
    "no underflow": Example(nearly_zero(), "flushing operands"),
}


def largest_z(example: Example, floor: NoiseFloor) -> float:
    reference = pytorch.run(example.case)
    trace = read((VARIANTS | FLUSHING)[example.variant](example.case))
    with np.errstate(all="ignore"):
        found = [*compared(example.case, trace, reference, floor)]
    return max(c.greatest.used for c in found if c.greatest and c.resolution is not None) * LIMIT


@pytest.mark.parametrize("name", EXAMPLES)
def test_correct_code_is_accused_without_it(name: str) -> None:
    """Without the piece, z of correct code is over the limit; with it, z is far below."""
    assert largest_z(EXAMPLES[name], ABLATIONS[name].floor) > LIMIT
    assert largest_z(EXAMPLES[name], noise_floor) < LIMIT / 2
