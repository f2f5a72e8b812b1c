"""Description: facts about a wrong array that no known mistake explains.

A fact must be able to be false: of one row nobody says that the rows are in reverse, and of zeros
nobody says that they are multiplied by two.
"""

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
        yield f"it is zero{' throughout' if ours.size > 1 else ''}"
        return
    if lost := np.count_nonzero(~np.isfinite(ours) & np.isfinite(theirs)):
        yield f"{lost} of {ours.size} entries are not finite"
    if wrong.size > 1:
        yield f"{np.count_nonzero(wrong)} of {wrong.size} entries are wrong{_places(name, wrong)}"
    if _by_step(name) and wrong.shape[TIME] > 1 and wrong.any():
        yield _first_step(name, wrong)
    if (relation := related(ours, theirs, allowed, config)) is not None:
        yield f"it is PyTorch's {relation}"


def related(ours: Array, theirs: Array, allowed: Array, config: Config) -> str | None:
    """Return the relation between two arrays, to rounding: a factor, a transpose, an order."""
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all() and np.any(ours)):
        return None
    several = np.count_nonzero(np.abs(theirs) > allowed) > 1  # one number is a multiple of any
    for text, size in _sizes(config) if several else ():
        if _holds(ours, size * theirs, theirs, allowed * (1 + abs(size))):
            return text
    if several and (factor := _factor(ours, theirs, allowed)) is not None:
        return _said(factor)
    for text, turned in _turned(theirs):
        if _holds(ours, turned, theirs, allowed.max()):
            return text
    return "with its entries in another order" if _reordered(ours, theirs, allowed.max()) else None


def _holds(ours: Array, changed: Array, theirs: Array, allowed: Array | float) -> bool:
    """Return whether `ours` is the `changed` array, and not the unchanged one as well."""
    is_changed = bool((distance(ours, changed) <= allowed).all())
    return is_changed and not bool((distance(ours, theirs) <= allowed).all())


def _reordered(ours: Array, theirs: Array, allowed: float) -> bool:
    """Return whether both have the same entries, not in the same places."""
    apart = distance(np.sort(ours, axis=None), np.sort(theirs, axis=None))
    return bool((apart <= allowed).all() and (distance(ours, theirs) > allowed).any())


def _factor(ours: Array, theirs: Array, allowed: Array) -> float | None:
    """Return the factor between the arrays, if there is one for all entries."""
    at = np.unravel_index(np.abs(theirs).argmax(), theirs.shape)
    factor = float(ours[at] / theirs[at])
    slack = allowed * (1 + 2 * abs(factor)) + allowed.max() * np.abs(ours / theirs[at])
    return factor if _holds(ours, factor * theirs, theirs, slack) else None


def _said(factor: float) -> str:
    """Return a factor that is not a size, in words; near 1, its distance from 1."""
    digits = f"{factor:.6g}"
    near = f"1 {'+' if factor > 1 else '-'} {abs(factor - 1):.1e}"
    return f"multiplied by {near if digits == '1' else digits}"


def _sizes(config: Config) -> Iterator[tuple[str, float]]:
    """Yield the factors that have a name, each in words and as a number.

    Sizes that are equal in this configuration are one factor with several names.
    """
    yield "with the other sign", -1.0
    names: dict[int, list[str]] = {}
    for name in ("batch", "steps", "hidden", "classes"):
        names.setdefault(getattr(config, name), []).append(name)
    names.setdefault(config.batch * config.steps, []).append("batch * steps")
    for size, own in names.items():
        if size > 1:
            yield f"multiplied by {size} = {' or '.join(own)}", size
            yield f"divided by {size} = {' or '.join(own)}", 1 / size


def _turned(array: Array) -> Iterator[tuple[str, Array]]:
    if array.ndim == 2 and array.shape[0] == array.shape[1]:
        yield "transposed", array.T
    if array.ndim == 3:
        yield "with the steps in reverse", array[:, ::-1]
    if array.ndim > 1:
        yield "with the rows in reverse", array[::-1]
        yield "with the columns in reverse", array[..., ::-1]
    moved = "with its entries moved by one" if array.ndim == 1 else "with its rows moved by one"
    for by in (1, -1) if array.ndim > 0 else ():
        yield moved, np.roll(array, by, axis=0)
    for by in (1, -1) if array.ndim == 3 else ():
        yield "moved by one step", np.roll(array, by, axis=TIME)


def _places(name: str, wrong: Array) -> str:
    """Return which rows and columns are wrong, when only some of them are."""
    if wrong.all() or wrong.ndim == 0:
        return ""
    said = []
    if ArrayName.parse(name).by_row and wrong.shape[ROWS] > 1:
        said += _some("row", wrong.reshape(len(wrong), -1).any(axis=1))
    unit = "entry" if wrong.ndim == 1 else "column"
    said += _some(unit, wrong.reshape(-1, wrong.shape[-1]).any(axis=0))
    return ", " + ", ".join(said) if said else ""


def _some(what: str, wrong: Any) -> list[str]:
    places = np.flatnonzero(wrong)
    if len(places) == len(wrong):
        return []
    listed = ", ".join(map(str, places[:6])) + (" ..." if len(places) > 6 else "")
    named = {"entry": "entries"}.get(what, f"{what}s") if len(places) > 1 else what
    return [f"only in {named} {listed} of {len(wrong)}"]


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
