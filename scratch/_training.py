"""Mini-batch training, with any kind of step."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _check
from .rnn import Seed, generator

Rows = NDArray[np.int64]


def train(
    step: Callable[[Rows], Any], samples: int, *, epochs: int, batch_size: int, seed: Seed
) -> Iterator[float]:
    """Yield the mean loss of each epoch; a step returns its mini-batch's loss.

    Every epoch visits all samples once, in an order that `seed` decides; the last mini-batch may be
    smaller, and counts less. Raises ValueError for a number below 1.
    """
    rng = generator(seed)
    _check.size("the number of samples", samples)
    _check.size("batch_size", batch_size)
    for _ in range(_check.size("epochs", epochs)):
        order = rng.permutation(samples)
        total = 0.0
        for start in range(0, samples, batch_size):
            rows = order[start : start + batch_size]
            total += float(step(rows)) * len(rows)
        yield total / samples
