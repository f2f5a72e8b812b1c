"""Combinations: every pair of two options' values in at least one configuration.

Twenty options have billions of combinations. Nearly every mistake is in one option, or where two
options meet. Source: Kuhn, Wallace and Gallo 2004, "Software fault interactions and implications
for software testing".
"""

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from parity.model.config import Config
from parity.model.errors import ConfigError

Axis = Sequence[Mapping[str, Any]]
"""The choices of one axis, each with the options that it sets; the first one sets none."""

Choice = tuple[int, int]
"""The place of an axis, and that of a choice in it."""

Pair = tuple[Choice, Choice]

SHARED: Mapping[str, Axis] = {
    "layers": (
        {},
        {"layers": 2},
        {"layers": 3},
        {"layers": 2, "dropout": 0.5},
        {"layers": 3, "dropout": 0.5},
        {"layers": 2, "dropout": 0.5, "mode": "evaluation"},
        {"layers": 2, "dropout": 1.0},
    ),
    "directions": ({}, {"bidirectional": True}),
    "lengths": tuple({"lengths": n} for n in ("full", "unsorted", "sorted", "equal", "ones")),
    "bias": ({}, {"bias": "absent"}),
    "initial": ({}, {"initial": "absent"}, {"initial": "zero"}),
    "activation": ({}, {"activation": "relu"}),
    "dtype": tuple({"dtype": n} for n in ("float64", "float32", "float16", "bfloat16")),
    "optimiser": (
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "dampening": 0.3},
        {"momentum": 0.9, "nesterov": True},
        {"weight_decay": 0.1},
        {"maximize": True, "weight_decay": 0.1, "momentum": 0.5},
    ),
    "clipping": ({}, {"clip_value": 0.02}, {"clip_norm": 0.1}, {"clip_norm": 1000.0}),
    "updates": ({}, {"updates": 3}),
}
"""The options that layers and classifiers have in common."""

LAYER: Mapping[str, Axis] = {
    "kind": ({"kind": "layer"},),
    "call": ({}, {"call": "time-first"}, {"call": "unbatched", "batch": 1}),
    **SHARED,
}

CLASSIFIER: Mapping[str, Axis] = {
    "pool": tuple({"pool": n} for n in ("last", "own", "mean", "max")),
    "reduction": ({}, {"loss": "sum"}),
    "class weights": ({}, {"class_weights": "drawn"}),
    "smoothing": ({}, {"smoothing": 0.1}),
    "ignored": tuple({"ignored": n} for n in ("none", "some", "class")),
    **SHARED,
}


@functools.cache
def of_layers() -> tuple[Config, ...]:
    """Return the combinations of a layer's options."""
    return combinations(LAYER)


@functools.cache
def of_classifiers() -> tuple[Config, ...]:
    """Return the combinations of a classifier's options."""
    return combinations(CLASSIFIER)


def combinations(axes: Mapping[str, Axis]) -> tuple[Config, ...]:
    """Return configurations that together contain every pair of choices that fit together."""
    lengths = tuple(map(len, axes.values()))
    rows = covering(lengths, lambda pair: _is_valid(axes, pair))
    return tuple(_config(axes, enumerate(row)) for row in rows)


def covering(
    lengths: tuple[int, ...], fits: Callable[[Pair], bool] | None = None
) -> tuple[tuple[int, ...], ...]:
    """Return rows, each with a choice of every axis, that contain every pair of choices that fits.

    lengths: how many choices each axis has; fits: whether a pair goes together, True for all.
    Greedy: each row begins with a pair that is not covered yet. From every other axis it takes the
    choice that covers most new pairs, and of equal ones the choice that was taken least.
    """
    choices = [[(place, c) for c in range(length)] for place, length in enumerate(lengths)]
    both = (pair for two in itertools.combinations(choices, 2) for pair in itertools.product(*two))
    together = {pair: None for pair in both if fits is None or fits(pair)}
    unmet, taken, found = dict(together), Counter[Choice](), []
    while unmet:
        row = _row(choices, together, unmet, taken)
        for pair in itertools.combinations(row, 2):
            unmet.pop(pair, None)
        taken.update(row)
        found.append(tuple(choice for _, choice in row))
    return tuple(found)


def _row(
    choices: Sequence[Sequence[Choice]],
    together: Collection[Pair],
    unmet: Mapping[Pair, None],
    taken: Counter[Choice],
) -> list[Choice]:
    """Return a choice of every axis, in the order of the axes."""
    row = list(next(iter(unmet)))

    def pairs(choice: Choice) -> list[Pair]:
        return [(min(choice, other), max(choice, other)) for other in row]

    for place, axis in enumerate(choices):
        if place not in dict(row):
            allowed = [c for c in axis if all(pair in together for pair in pairs(c))]
            met = {c: sum(pair in unmet for pair in pairs(c)) for c in allowed}
            row.append(max(allowed, key=lambda c: (met[c], -taken[c])))
    return sorted(row)


def _is_valid(axes: Mapping[str, Axis], row: Iterable[Choice]) -> bool:
    try:
        _config(axes, row)
    except ConfigError:
        return False
    return True


def _config(axes: Mapping[str, Axis], row: Iterable[Choice]) -> Config:
    every = list(axes.values())
    changes = [*(axis[0] for axis in every), *(every[place][c] for place, c in row)]
    return Config(**dict(itertools.chain.from_iterable(change.items() for change in changes)))
