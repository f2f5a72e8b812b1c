"""The noise floor itself."""

import numpy as np
import pytest

from parity import Config, draw
from parity.reference.noise.floor import noise_floor

ALL = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out", "upstream", "upstream_final")


def test_floor_is_deterministic() -> None:
    """The same case has the same floor, so a verdict repeats."""
    case = draw(Config())
    one, other = noise_floor(case, 4), noise_floor(case, 4)
    assert all(np.array_equal(one.sigma[name], other.sigma[name]) for name in one.sigma)


@pytest.mark.parametrize("copies", [0, 4, 64])
def test_sigma_is_never_under_the_last_operation(copies: int) -> None:
    """sigma >= u * gauge; on this inequality the cheap proof rests."""
    floor = noise_floor(draw(Config(kind="layer", activation="relu", dtype="float32")), copies)
    assert all((floor.sigma[n] >= 2.0**-24 * floor.gauge[n]).all() for n in floor.sigma)


def test_float32_floor_is_the_float64_floor_scaled() -> None:
    """The floor of float32 is that of float64 times 2^29, within a factor of two."""
    single, double = draw(Config(dtype="float32")), draw(Config())
    names = ALL
    same = single.replace(**{n: getattr(double, n).astype(np.float32) for n in names})
    like = double.replace(**{n: getattr(same, n).astype(np.float64) for n in names})
    ratio = noise_floor(same, 64).sigma["grad/W_h"] / noise_floor(like, 64).sigma["grad/W_h"]
    assert np.all(np.abs(np.log2(ratio) - 29) < 1)
