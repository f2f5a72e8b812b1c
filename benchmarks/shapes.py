"""The sizes at which speed is compared, from one number to a few million."""

import itertools

from parity.cases.draw import draw
from parity.model.case import Case
from parity.model.config import Config

SHAPES = (  # (batch, steps, features, hidden)
    (1, 1, 1, 1),
    (1, 100, 4, 8),
    (8, 20, 8, 16),
    (32, 28, 8, 32),
    (16, 50, 16, 64),
    (64, 28, 28, 128),
    (64, 200, 64, 256),
)
DTYPES = ("float32", "float64")
CLASSES = 10


def drawn(shape: tuple[int, int, int, int], dtype: str) -> Case:
    """Return the case of a classifier of these sizes."""
    batch, steps, features, hidden = shape
    config = Config(
        batch=batch, steps=steps, features=features, hidden=hidden, classes=CLASSES, dtype=dtype
    )
    return draw(config)


ALL = tuple(itertools.product(SHAPES, DTYPES))
