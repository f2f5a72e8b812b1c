"""Parameters of which a quick run takes a few, and a full run all."""

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(count: int, values: Iterable[str]) -> list[Any]:
    """Return every `count`-th of these parameters as it is, and the others marked as slow."""
    return [
        value if place % count == 0 else pytest.param(value, marks=pytest.mark.slow)
        for place, value in enumerate(values)
    ]
