"""By shape: which answer an array is, where no answer of a call was named.

In the probing case every size is another number: a shape that fits one answer fits no other.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.model.case import Array
from parity.model.config import Config

Shape = tuple[int, ...]


def answers_in(
    named: Mapping[str, Any], expected: Mapping[str, Shape], config: Config
) -> tuple[tuple[str, str], ...]:
    """Return (answer, expression) for each value whose shape is that of one answer.

    named: the values that a call has returned, by the expressions that they are found at.
    Of two values for the same answer neither is taken, unless they have the same numbers.
    """
    found: dict[str, list[tuple[str, Array]]] = {}
    for text, value in named.items():
        for name, expression, array in _read(text, value, expected, config):
            found.setdefault(name, []).append((expression, np.sort(array, axis=None)))
    return tuple(
        (name, own[0][0])
        for name, own in found.items()
        if all(np.array_equal(own[0][1], other) for _, other in own)
    )


def parts_of(value: Any) -> dict[str, Any]:
    """Return what a call has returned by the expressions of it: `out`, or `out[0]`, `out[1]`."""
    if isinstance(value, tuple):
        return {f"out[{place}]": part for place, part in enumerate(value)}
    if isinstance(value, Mapping):
        return {f"out[{key!r}]": part for key, part in value.items()}
    return {"out": value}


def _read(
    text: str, value: Any, expected: Mapping[str, Shape], config: Config
) -> Iterator[tuple[str, str, Array]]:
    array, text = _array(text, value)
    if array is None or array.dtype.kind != "f" or is_probabilities(array, config.classes):
        return
    for name, shape in expected.items():
        method = "permute" if borders.is_tensor(value) else "transpose"
        if (expression := turned(text, array.shape, shape, method)) is not None:
            yield name, expression, array


def is_probabilities(array: Array, classes: int) -> bool:
    """Return whether the entries are probabilities of the classes: their sums are 1."""
    if classes not in array.shape or array.ndim < 1 or classes == 1:
        return False
    sums = array.sum(axis=array.shape.index(classes))
    return bool((array >= 0).all() and np.allclose(sums, 1, atol=1e-3))


def _array(text: str, value: Any) -> tuple[Array | None, str]:
    if isinstance(value, (list, tuple)) and value:
        array = borders.answer(value)
        stacked = text if borders.is_tensor(value[0]) else f"np.array({text})"
        return (array if array.dtype.kind in borders.KINDS else None), stacked
    return borders.as_array(value), text


def turned(text: str, shape: Shape, wanted: Shape, method: str = "transpose") -> str | None:
    """Return the expression whose shape is `wanted`, by the only order of axes that gives it."""
    if shape == wanted:
        return text
    if 1 in wanted and len(shape) == len(wanted) - 1:  # one sequence, without its axis
        place = wanted.index(1)
        inner = turned(text, shape, wanted[:place] + wanted[place + 1 :], method)
        index = ", ".join([":"] * place + ["None"])
        return None if inner is None else f"{inner}[{index}]"
    if len(shape) != len(wanted) or sorted(shape) != sorted(wanted):
        return None
    orders = [
        order
        for order in itertools.permutations(range(len(shape)))
        if tuple(shape[axis] for axis in order) == wanted
    ]
    if len(orders) != 1:
        return None
    axes = ", ".join(map(str, orders[0]))
    return f"{text}.T" if len(shape) == 2 else f"{text}.{method}({axes})"
