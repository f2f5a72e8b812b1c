"""The peers of the speed benchmarks: code that is compared in speed computes the same."""

import numpy as np
import pytest

from benchmarks.overhead import SMALL
from benchmarks.peers import bare, eager, ours, plain
from benchmarks.shapes import drawn


@pytest.mark.parametrize("shape", SMALL, ids=str)
def test_peers_compute_the_same(shape: tuple[int, int, int, int]) -> None:
    """The four peers have the same loss at every step, so gradients and weights agree."""
    case = drawn(shape, "float64")
    first, *others = (module.training_step(case) for module in (ours, bare, eager, plain))
    for _ in range(3):
        loss = first()
        np.testing.assert_allclose([float(step()) for step in others], loss, rtol=1e-9)
