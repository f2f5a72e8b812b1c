"""Description: facts about a wrong array that no known mistake explains."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from parity.diagnosis.predictions import distance
from parity.model.case import Array
from parity.model.config import Config
from parity.model.names import ArrayName

TIME, ROWS = 1, 0
"""The axes of an array by sequence: (batch, steps, ...)."""


def facts(name: str, ours: Array, theirs: Array, allowed: Array, config: Config) -> Iterator[str]:
    """Yield where the array is wrong, and its relation to the right one."""
    wrong = ~(distance(ours, theirs) <= allowed)
    if not ours.any() and theirs.any():
        yield "it is zero throughout"
        return
    if not np.isfinite(ours).all():
        yield f"{np.count_nonzero(~np.isfinite(ours))} of {ours.size} entries are not finite"
    yield f"{np.count_nonzero(wrong)} of {wrong.size} entries are wrong{_places(name, wrong)}"
    if _by_step(name) and wrong.shape[TIME] > 1 and wrong.any():
        yield _first_step(name, wrong)
    if (relation := related(ours, theirs, allowed, config)) is not None:
        yield f"it is PyTorch's {relation}"


def related(ours: Array, theirs: Array, allowed: Array, config: Config) -> str | None:
    """Return the relation between two arrays, to rounding: a factor, a transpose, an order."""
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all() and np.any(ours)):
        return None
    for text, size in _sizes(config) if theirs.size > 1 else ():
        if (distance(ours, size * theirs) <= allowed * (1 + abs(size))).all():
            return text
    if (factor := _factor(ours, theirs, allowed)) is not None:
        return _said(factor)
    for text, turned in _turned(theirs):
        if (distance(ours, turned) <= allowed.max()).all():
            return text
    same = np.sort(ours, axis=None) - np.sort(theirs, axis=None)
    if ours.size > 1 and (np.abs(same) <= allowed.max()).all():
        return "with its entries in another order"
    return None


def _factor(ours: Array, theirs: Array, allowed: Array) -> float | None:
    """Return the factor between the arrays, if there is one for all entries."""
    at = np.unravel_index(np.abs(theirs).argmax(), theirs.shape)
    if theirs[at] == 0 or theirs.size < 2:
        return None
    factor = float(ours[at] / theirs[at])
    slack = allowed * (1 + 2 * abs(factor)) + allowed.max() * np.abs(ours / theirs[at])
    return factor if (distance(ours, factor * theirs) <= slack).all() else None


def _said(factor: float) -> str:
    """Return a factor that is not a size, in words; near 1, its distance from 1."""
    digits = f"{factor:.6g}"
    near = f"1 {'+' if factor > 1 else '-'} {abs(factor - 1):.1e}"
    return f"multiplied by {near if digits == '1' else digits}"


def _sizes(config: Config) -> Iterator[tuple[str, float]]:
    """Yield the factors that have a name, each in words and as a number."""
    yield "with the other sign", -1.0
    sizes = {name: getattr(config, name) for name in ("batch", "steps", "hidden", "classes")}
    sizes |= {"batch * steps": config.batch * config.steps}
    for name, size in sizes.items():
        if size > 1:
            yield f"multiplied by {size} = {name}", size
            yield f"divided by {size} = {name}", 1 / size


def _turned(array: Array) -> Iterator[tuple[str, Array]]:
    if array.ndim == 2 and array.shape[0] == array.shape[1]:
        yield "transposed", array.T
    if array.ndim == 3:
        yield "with the steps in reverse", array[:, ::-1]
    if array.ndim > 1:
        yield "with the rows in reverse", array[::-1]
        yield "with the columns in reverse", array[..., ::-1]
    if array.ndim > 0:
        yield "with its entries moved by one", np.roll(array, 1, axis=0)
        yield "with its entries moved by one", np.roll(array, -1, axis=0)
    if array.ndim == 3:
        yield "moved by one step", np.roll(array, 1, axis=TIME)
        yield "moved by one step", np.roll(array, -1, axis=TIME)


def _places(name: str, wrong: Array) -> str:
    """Return which rows and columns are wrong, when only some of them are."""
    if wrong.all() or wrong.ndim == 0:
        return ""
    said = []
    if ArrayName.parse(name).by_row and wrong.shape[ROWS] > 1:
        said += _some("row", wrong.reshape(len(wrong), -1).any(axis=1))
    said += _some("column", wrong.reshape(-1, wrong.shape[-1]).any(axis=0))
    return ", " + ", ".join(said) if said else ""


def _some(what: str, wrong: Any) -> list[str]:
    places = np.flatnonzero(wrong)
    if len(places) == len(wrong):
        return []
    listed = ", ".join(map(str, places[:6])) + (" ..." if len(places) > 6 else "")
    return [f"only in {what}{'s' if len(places) > 1 else ''} {listed} of {len(wrong)}"]


def _by_step(name: str) -> bool:
    return name == "grad/x" or ArrayName.parse(name).is_states


def _first_step(name: str, wrong: Array) -> str:
    steps = np.flatnonzero(wrong.any(axis=(0, 2)))
    count = f"{len(steps)} of {wrong.shape[TIME]} steps"
    if name != "grad/x":
        return f"the first wrong step is t = {steps[0]}; {count} are wrong"
    from_end = wrong.shape[TIME] - 1 - steps[-1]
    where = "the last one" if from_end == 0 else f"{from_end} before the last one"
    return f"going back, the first wrong step is t = {steps[-1]}, {where}; {count} are wrong"
