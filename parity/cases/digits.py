"""Real sequences: the UCI handwritten digits that scikit-learn ships, each row of pixels a step."""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parity.model.errors import MissingExtraError

HELD_OUT = 360
"""Images kept for testing, of 1797: a fifth."""


@functools.cache
def load() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the images (1797, 8, 8), scaled from 0..16 to 0..1, and their labels (1797,).

    Raises MissingExtraError without scikit-learn.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtraError(
            "data digits needs scikit-learn: pip install 'rnn-parity[digits]'"
        ) from error
    data: Any = load_digits()
    images: NDArray[np.float64] = data.images / 16.0
    return images, data.target.astype(np.int64)


def split(
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Return x and labels to train on, then x and labels held out; `seed` shuffles first."""
    images, labels = load()
    order = np.argsort(np.random.default_rng(seed).random(len(images)), kind="stable")
    train, test = order[HELD_OUT:], order[:HELD_OUT]
    return images[train], labels[train], images[test], labels[test]
