"""The exact oracle knows every option."""

from typing import Any

import pytest

from parity import Config, draw
from parity.model.branches import Branches
from parity.model.names import ArrayName
from parity.reference.exact.oracle import exact
from parity.reference.frameworks.pytorch import twin

OPTIONS = {
    "two layers, both directions": {"layers": 2, "bidirectional": True},
    "packed, both directions": {"lengths": "unsorted", "bidirectional": True},
    "dropout": {"layers": 2, "dropout": 0.5},
    "mean of own steps": {"lengths": "unsorted", "pool": "mean"},
    "maximum of own steps": {"lengths": "unsorted", "pool": "max", "activation": "relu"},
    "weighted, smoothed, some ignored": {
        "class_weights": "drawn",
        "smoothing": 0.1,
        "ignored": "some",
    },
    "sum": {"loss": "sum", "class_weights": "drawn"},
    "layers of relu": {"layers": 2, "kind": "layer", "activation": "relu", "lengths": "sorted"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_exact_values_enclose_every_option(options: dict[str, Any]) -> None:
    """The oracle knows each option, and PyTorch is within a few ulp of the oracle's balls."""
    case = draw(Config(batch=3, steps=4, hidden=3, **options))
    known, trace = exact(case, Branches.of(case, twin.run(case))), twin.run(case)
    assert all(known.enclosed.values())
    names = [name for name in trace if not ArrayName.parse(name).is_step]
    assert set(names) == set(known.high)
    assert max(float(known.ulps(trace[name], name).max()) for name in names) < 8
