"""Slots: the places in somebody's code that hold weights, and how each holds them."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from parity.adapter.names import GRADIENT, STATE, WEIGHTS, is_like, role
from parity.adapter.shapes import CANONICAL, arranged, recognised, said
from parity.adapter.trial import Leaf
from parity.model.case import Array

PARAMETERS = ("W_x", "W_h", "b", "W_out", "b_out")

LENGTH = {"W_x": "config.features", "W_h": "config.hidden", "W_out": "config.hidden"}
LENGTH |= {"b": "1", "b_out": "1"}
"""Rows that a part takes in a stacked matrix."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How weights of the harness lie in an array of the subject."""

    parts: tuple[str, ...]  # several when they are stacked; none: a second bias, zero
    layout: str  # of one part; of a stack "rows", or "columns" when it is transposed
    turned: bool = False  # W_h as h @ W_h.T

    def written(self) -> str:
        """Return the expression that makes the subject's array from the case's."""
        if not self.parts:
            return arranged("np.zeros_like(case.b)", "H", self.layout)
        if len(self.parts) > 1:
            rows = [f"case.{part}" + "[None]" * part.startswith("b") for part in self.parts]
            whole = f"np.concatenate([{', '.join(rows)}])"
            return f"{whole}.T" if self.layout == "columns" else whole
        (part,) = self.parts
        own = arranged(f"case.{part}", CANONICAL[part], self.layout)
        return f"{own}.T" if self.turned else own

    def read(self, expression: str, shape: Sequence[int], axes: dict[int, str]) -> dict[str, str]:
        """Return the expressions of the parts, as the harness lays them out."""
        if not self.parts:
            return {}
        if len(self.parts) > 1:
            if not self._is_stack(shape, {axis: size for size, axis in axes.items()}):
                return {}
            return self._unstacked(f"{expression}.T" if self.layout == "columns" else expression)
        (part,) = self.parts
        if self.turned:
            expression += ".T"
        found = next(recognised(expression, shape, CANONICAL[part], axes), None)
        return {} if found is None else {part: found}

    def _is_stack(self, shape: Sequence[int], sizes: dict[str, int]) -> bool:
        if "W_out" in self.parts:
            whole = (sizes["H"] + 1, sizes.get("C", sizes["F"]))
        else:
            whole = (sizes["F"] + sizes["H"] + ("b" in self.parts), sizes["H"])
        return tuple(shape) == (whole if self.layout == "rows" else whole[::-1])

    def _unstacked(self, rows: str) -> dict[str, str]:
        found, start = {}, ""
        for part in self.parts:
            end = f"{start} + {LENGTH[part]}" if start else LENGTH[part]
            last = part == self.parts[-1]
            found[part] = (
                f"{rows}[{start or '0'}]"
                if part.startswith("b")
                else (f"{rows}[{start}:{'' if last else end}]")
            )
            start = end
        return found

    def comment(self) -> str:
        """Return a description of the array for a reader."""
        if not self.parts:
            return "a second bias: zero"
        if len(self.parts) > 1:
            stack = "; ".join(self.parts)
            return f"[{stack}]" + (", transposed" if self.layout == "columns" else "")
        if self.parts == ("W_h",):
            return "used as W_h @ h" if self.turned else "used as h @ W_h"
        return said(self.layout)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One place for weights: the expression that names it, and the forms that are possible."""

    target: str
    forms: tuple[Form, ...]
    in_place: bool = False  # other places hold the same array

    def line(self, form: Form) -> str:
        """Return the line that puts the case's weights there."""
        place = f"{self.target}[...]" if self.in_place else self.target
        value = form.written()
        value = value if self.in_place or "concatenate" in value else f"{value}.copy()"
        return f"{place} = {value}  # {form.comment()}"

    def having(self, *forms: Form) -> Self:
        """Return the slot with other forms."""
        return replace(self, forms=forms)

    @property
    def parts(self) -> set[str]:
        """The weights it may hold."""
        return {part for form in self.forms for part in form.parts}


def by_shape(shape: Sequence[int], axes: dict[int, str], sizes: dict[str, int]) -> tuple[Form, ...]:
    """Return the forms of weights that an array of this shape may be."""
    if any(size not in axes for size in shape):
        return tuple(_stacked(shape, sizes))
    layout = "".join(axes[size] for size in shape)
    if layout == "HH":
        return Form(parts=("W_h",), layout="HH"), Form(parts=("W_h",), layout="HH", turned=True)
    known = {"FH": "W_x", "HF": "W_x", "HC": "W_out", "CH": "W_out"}
    known |= dict.fromkeys(("H", "1H", "H1"), "b") | dict.fromkeys(("C", "1C", "C1"), "b_out")
    if "C" not in axes.values():  # ids: there are as many classes as features
        known |= dict.fromkeys(("F", "1F", "F1"), "b_out")
        layout = layout if known.get(layout) != "b_out" else layout.replace("F", "C")
    return (Form(parts=(known[layout],), layout=layout),) if layout in known else ()


def _stacked(shape: Sequence[int], sizes: dict[str, int]) -> Iterator[Form]:
    """Yield the orders in which a matrix may hold several weights, one below the other."""
    f, h, c = sizes["features"], sizes["hidden"], sizes["classes"]
    for width, rows in ((h, {"W_x": f, "W_h": h, "b": 1}), (c, {"W_out": h, "b_out": 1})):
        for count in range(2, len(rows) + 1):
            for parts in itertools.permutations(rows, count):
                whole = (sum(rows[part] for part in parts), width)
                if tuple(shape) == whole:
                    yield Form(parts=parts, layout="rows")
                elif tuple(shape) == whole[::-1]:
                    yield Form(parts=parts, layout="columns")


def by_name(name: str) -> tuple[Form, ...]:
    """Return the forms of weights that a parameter, key or global of this name may be."""
    part = role(name, WEIGHTS)
    if part is None:
        return ()
    if part == "W_h":
        return Form(parts=("W_h",), layout="HH"), Form(parts=("W_h",), layout="HH", turned=True)
    shapes: dict[str, tuple[str, ...]] = {"W_x": ("FH", "HF"), "W_out": ("HC", "CH")}
    shapes |= {"b": ("H", "1H", "H1"), "b_out": ("C", "1C", "C1")}
    return tuple(Form(parts=(part,), layout=layout) for layout in shapes[part])


def in_object(
    leaves: Sequence[Leaf], axes: dict[int, str], sizes: dict[str, int]
) -> dict[tuple[str, ...], list[Slot]]:
    """Yield the slots of an object, by the weights they may hold; shared memory is written into."""
    found: dict[tuple[str, ...], list[Slot]] = {}
    seen: dict[int, Slot] = {}
    for leaf in leaves:
        if not (forms := by_shape(leaf.array.shape, axes, sizes)) or "np.stack" in leaf.expression:
            continue
        slot = Slot(target=leaf.expression, forms=forms)
        if (twin := seen.get(_address(leaf.array))) is not None:
            _replace(found, twin, replace(twin, in_place=True))
            continue
        seen[_address(leaf.array)] = slot
        found.setdefault(tuple(sorted(forms[0].parts)), []).append(slot)
    return {parts: _likely(slots) for parts, slots in found.items()}


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _replace(found: dict[tuple[str, ...], list[Slot]], old: Slot, new: Slot) -> None:
    for slots in found.values():
        for place, slot in enumerate(slots):
            if slot.target == old.target:
                slots[place] = new


def _likely(slots: list[Slot]) -> list[Slot]:
    """Return the slots whose names do not mean gradients or states, where there are such."""
    for pattern in (GRADIENT, STATE):
        others = [s for s in slots if not is_like(last_name(s.target), pattern)]
        slots = others or slots
    return slots


def last_name(target: str) -> str:
    """Return the name in an expression that says what it is: 'Wx' of model.params['Wx'].data."""
    text = "".join(c if c.isalnum() or c == "_" else " " for c in target)
    words = [
        w for w in text.split() if not w.isdigit() and w not in ("data", "value", "array", "W")
    ]
    return words[-1] if words else ""


def near(one: Array, other: Array) -> bool:
    """Return whether two arrays are the same up to rounding."""
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-6, atol=1e-9))
