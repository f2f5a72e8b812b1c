"""Sizes and numbers of the grid: no size is constant over it, and any two values meet.

Many mistakes show only at a size, a label or a number that is special: an odd size, two equal
sizes, a zero, a long sequence, a large gradient.
"""

import functools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parity.cases.pairwise import covering
from parity.model.config import Config

Values = Mapping[str, Sequence[Any]]
"""The values that each option takes, the ordinary one first."""

LAYER: Values = {
    "steps": (5, 3, 51, 1, 8, 2, 20),
    "hidden": (6, 16, 1, 33, 5),
    "batch": (7, 33, 2, 1),
    "features": (3, 5, 16, 1),
    "data": ("drawn", "zeros", "repeated", "large"),
    "weights": ("torch", "chaotic", "small"),
    "gradients": ("ordinary", "large", "tiny"),
    "lr": (0.01, 0.3, 0.001),
    "initial": ("drawn", "zero"),
    "bias": ("drawn", "zero"),
}
"""The sizes and numbers of a layer; every subject supports these values."""

CLASSIFIER: Values = {**LAYER, "classes": (4, 2, 12, 5), "labels": ("drawn", "each", "one")}
"""Those of a classifier."""

OVERFLOW: Mapping[str, Any] = {"weights": "huge", "steps": 1}
"""Weights with which exponentials overflow: of one step, before a network of them is chaotic."""

OTHERS: Sequence[Mapping[str, Any]] = (
    {"batch": 2, "steps": 9, "features": 8, "hidden": 3, "classes": 6, "lr": 0.3},
    {"batch": 9, "steps": 2, "features": 1, "hidden": 8, "classes": 3, "lr": 0.001},
    {"batch": 3, "steps": 12, "features": 5, "hidden": 5, "classes": 2, "lr": 0.1},
    {"batch": 18, "steps": 3, "features": 2, "hidden": 7, "classes": 9, "lr": 0.5},
    {"batch": 4, "steps": 4, "features": 4, "hidden": 2, "classes": 5, "lr": 0.03},
)
"""Sizes that the combinations of further options have in turn."""


def of_sizes(shared: Config, turn: int, most: int | None = None, more: int = 0) -> Iterator[Config]:
    """Yield configurations like `shared` in which any two values of two options meet.

    turn: by how many values the beginning of each option is moved, which makes other rows of it;
    most: how many of these configurations are taken, None for all; more: how many are drawn at
    random, besides. All numbers are functions of the arguments.
    """
    values = CLASSIFIER if shared.kind == "classifier" else LAYER
    lengths = tuple(map(len, values.values()))
    for row in (*_pairs(lengths)[:most], *_at_random(turn, lengths, more)):
        turned = zip(values.items(), row, strict=True)
        yield shared.replace(**{n: v[(place + turn) % len(v)] for (n, v), place in turned})


@functools.cache
def _pairs(lengths: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return covering(lengths)


def _at_random(seed: int, lengths: Sequence[int], count: int) -> Iterator[tuple[int, ...]]:
    """Yield `count` rows of places; `Random.random` is the same on every machine."""
    drawn = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(count):
        yield tuple(int(drawn.random() * length) for length in lengths)


def of_other_sizes(configs: Sequence[Config]) -> Iterator[tuple[Config, Config]]:
    """Yield each configuration, and the same with other sizes and another seed."""
    for place, config in enumerate(configs):
        sizes = OTHERS[place % len(OTHERS)]
        fixed = {"batch": 1} if config.call == "unbatched" else {}
        yield config, config.replace(**{**sizes, **fixed, "seed": 1})
