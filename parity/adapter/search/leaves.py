"""Leaves: every array inside an answer or an object, and the expression that reaches it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from parity.adapter.borders import as_array, is_tensor
from parity.adapter.shapes import SIZES
from parity.model.case import Array

DEPTH = 4
"""Depth to which arrays are searched for in objects, dictionaries and lists."""

WIDTH = 40
"""Items of a list that are looked at, at most."""

STEPS = SIZES["steps"]

OF_A_CELL = ("layer", "reverse", "direction")
"""Names that have a meaning of their own in a place; an attribute is reached by its object."""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """An array somewhere inside an answer or an object, and the expression that reaches it."""

    text: str
    array: Array

    @property
    def name(self) -> str:
        """The last word of the expression: 'Wx' of params['Wx'], 'W_xh' of layers[0].W_xh."""
        words = [w for w in re.findall(r"\w+", self.text) if not w.isdigit()]
        words = [
            w for w in words if w not in ("np", "stack", "T", "data", "value", "grad")
        ] or words
        return words[-1] if words else ""


def leaves(text: str, value: Any, *, depth: int = DEPTH) -> Iterator[Leaf]:
    """Yield every array in a value: itself, or inside tuples, lists, dictionaries and objects.

    A list or dictionary by time is yielded as one array, too. `text` reaches the value.
    """
    yield from _leaves(text, value, depth, set())


def members(owner: Any, names: Iterable[str] | None = None) -> Iterator[Leaf]:
    """Yield the arrays in the attributes of an object, or in the globals of a module."""
    seen: set[int] = {id(owner)}
    own = vars(owner) if isinstance(owner, ModuleType) else attributes(owner)
    for name, value in list(own.items()):
        if names is None or name in names:
            text = f"model.{name}" if name in OF_A_CELL and names is None else name
            yield from _leaves(text, value, DEPTH, seen)


def attributes(value: Any) -> dict[str, Any]:
    """Return an object's own attributes, `__slots__` and the parameters of a module included."""
    found = {**_slots(value), **getattr(value, "__dict__", {})}
    registered = found.pop("_parameters", None), found.pop("_buffers", None)
    for some in registered:  # torch.nn.Module
        found |= some if isinstance(some, dict) else {}
    if isinstance(inner := found.pop("_modules", None), dict):
        found |= inner
    return {n: v for n, v in found.items() if n.isidentifier() and not n.startswith("__")}


def _leaves(text: str, value: Any, depth: int, seen: set[int]) -> Iterator[Leaf]:
    if (array := as_array(value)) is not None:
        yield Leaf(text=text, array=array)
        if is_tensor(value) and value.grad is not None:
            yield from _leaves(f"{text}.grad", value.grad, depth, seen)
        return
    if depth == 0 or id(value) in seen or len(seen) > 400:
        return
    if isinstance(value, (str, bytes, int, type, FunctionType, MethodType, ModuleType, type(None))):
        return
    seen.add(id(value))
    for inner, item in _inside(text, value):
        yield from _leaves(inner, item, depth - 1, seen)
    yield from _stacked(text, value)


def _inside(text: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{text}[{key!r}]", item) for key, item in list(value.items())[:WIDTH]]
    if isinstance(value, (list, tuple)):
        named = getattr(value, "_fields", None)
        if named:
            return [(f"{text}.{name}", getattr(value, name)) for name in named]
        if len(value) in (STEPS, STEPS + 1) and _by_time(value):
            return [(f"{text}[-1]", value[-1])]
        return [(f"{text}[{i}]", item) for i, item in enumerate(value[:WIDTH])]
    if type(value).__module__ in ("builtins", "numpy", "numpy.random"):
        return []
    return [(f"{text}.{name}", item) for name, item in attributes(value).items()]


def _by_time(value: Any) -> bool:
    """Return whether the items of a list are alike, as states by step, and not weights."""
    shapes = {np.shape(a) if (a := as_array(i)) is not None else type(i) for i in value}
    return len(shapes) == 1


def _slots(value: Any) -> dict[str, Any]:
    names: list[str] = []
    for kind in type(value).__mro__:
        slots = getattr(kind, "__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _stacked(text: str, value: Any) -> Iterator[Leaf]:
    """Yield arrays of one shape, by time in a list or dictionary, as one."""
    if isinstance(value, (list, tuple)):
        yield from _stack(text, list(value), range(len(value)), by_place=True)
        if len(value) == STEPS and isinstance(value[0], (tuple, list, dict)):
            yield from _column(text, value)
    elif isinstance(value, dict) and value and all(type(key) is int for key in value):
        keys = sorted(value)
        for first in sorted({keys[0], 0, 1} & set(keys)):
            used = [k for k in keys if k >= first]
            if used == list(range(first, used[-1] + 1)):
                yield from _stack(text, [value[k] for k in used], range(first, used[-1] + 1))


def _column(text: str, rows: Any) -> Iterator[Leaf]:
    """Yield one item of every cache of a list of caches, joined: h of [(x, h), (x, h)]."""
    first = rows[0]
    keys = list(first) if isinstance(first, dict) else list(range(len(first)))
    for key in keys[:WIDTH]:
        try:
            arrays = [as_array(row[key]) for row in rows]
        except (LookupError, TypeError):
            continue
        if all(a is not None and a.ndim and a.shape == arrays[0].shape for a in arrays):  # type: ignore[union-attr]
            yield Leaf(text=f"np.stack([one[{key!r}] for one in {text}])", array=np.stack(arrays))  # type: ignore[arg-type]


def _stack(text: str, parts: list[Any], keys: range, *, by_place: bool = False) -> Iterator[Leaf]:
    arrays = [as_array(part) for part in parts]
    if len(arrays) > 1 and all(a is not None and a.shape == arrays[0].shape for a in arrays):  # type: ignore[union-attr]
        yield Leaf(text=_stack_text(text, keys, by_place=by_place), array=np.stack(arrays))  # type: ignore[arg-type]


def _stack_text(text: str, keys: range, *, by_place: bool) -> str:
    if by_place:
        return f"np.stack({text})"
    end = {STEPS: "steps", STEPS + 1: "steps + 1"}.get(keys.stop, str(keys.stop))
    return f"np.stack([{text}[t] for t in range({keys.start}, {end})])"
