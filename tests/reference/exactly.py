"""Configurations for the exact oracle, and its balls step by step."""

import pytest
from flint import ctx

from parity.model.case import Case
from parity.model.config import Config
from parity.reference.equations.textbook import Textbook
from parity.reference.exact.balls import Ball, Balls

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

AGREEMENT = 1e-30
"""Relative to the sum of |gradient||V|: high + low keeps 2**-106 = 1e-32 of an entry."""

every_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


def balls(case: Case, precision: int) -> dict[str, list[Ball]]:
    """Return the balls of every compared array, step by step."""
    with ctx.workprec(precision):
        result = Textbook(Balls()).run(case)
    compared = {name: v for name, v in result.items() if not name.startswith("step/")}
    return {name: v if isinstance(v, list) else [v] for name, v in compared.items()}
