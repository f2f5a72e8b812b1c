"""NumPy's dtypes and PyTorch's by one name, arrays carried over exactly, options in pairs."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
import torch

DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
NARROW = ("float16", "bfloat16")
Array = np.ndarray


def numpy_dtype(name: str) -> np.dtype[Any]:
    """Return NumPy's dtype of this name; a test that asks for bfloat16 needs ml_dtypes."""
    if name == "bfloat16":
        bfloat16: np.dtype[Any] = np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
        return bfloat16
    return np.dtype(name)


def tensor(array: Any, name: str | None = None) -> torch.Tensor:
    """Return the array as a tensor of its own dtype, or of the one called `name`."""
    wide = np.asarray(array).astype(np.float64)
    return torch.tensor(wide).to(DTYPES[name or np.asarray(array).dtype.name])


def exact(array: Any) -> Array:
    """Return the array's, or the tensor's, numbers in float64, which holds them all."""
    if isinstance(array, torch.Tensor):
        return array.detach().double().numpy()
    return np.asarray(array).astype(np.float64)


def eps(name: str) -> float:
    """Return the distance from 1 to the next number: rounding moves by half of it, relatively."""
    return torch.finfo(DTYPES[name]).eps


def tiny(name: str) -> float:
    """Return the smallest number above zero: underflow moves a number by half of it."""
    return torch.finfo(DTYPES[name]).smallest_normal * eps(name)


Parts = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""For each part its choices: the name of each, and the options that it stands for.

The name "" stands for a default that is not named.
"""


def in_pairs(parts: Parts) -> dict[str, dict[str, Any]]:
    """Return a few choices of one value per part: every two values of two parts meet in one.

    Mistakes are made in one option, or where two of them meet; all combinations would be hundreds.
    Greedy: of all combinations the one that meets most pairs that have not met yet, until all have.
    """
    rows = list(product(*(part.items() for part in parts.values())))
    pairs = [{(i, j, row[i][0], row[j][0]) for i, j in _two_of(row)} for row in rows]
    unmet, found = set().union(*pairs), {}
    while unmet:
        best = max(range(len(rows)), key=lambda n: len(pairs[n] & unmet))
        unmet -= pairs[best]
        name = ", ".join(name for name, _ in rows[best] if name) or "plain"
        found[name] = {key: value for _, options in rows[best] for key, value in options.items()}
    return found


def _two_of(row: Sequence[Any]) -> list[tuple[int, int]]:
    return list(combinations(range(len(row)), 2))


def one_each(name: str, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a part of `in_pairs` whose choices differ in the one option `name`."""
    return {key: {name: value} for key, value in values.items()}


def assert_close(found: Any, expected: Any, allowed: Any) -> None:
    """Each number of both is NaN or infinite on both sides, or nearer than its `allowed`."""
    a, b = np.broadcast_arrays(exact(found), exact(expected))
    finite = np.isfinite(b)
    np.testing.assert_array_equal(a[~finite], b[~finite])
    excess = np.abs(a[finite] - b[finite]) - np.broadcast_to(allowed, a.shape)[finite]
    assert (excess <= 0).all(), f"{a} is not {b}: {excess.max()} above what is allowed"
