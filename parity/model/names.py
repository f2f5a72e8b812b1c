"""Names of arrays: text in a subject's answer and in files, and a value inside the harness.

| text                | kind      | quantity        | layer | reverse | update |
|---------------------|-----------|-----------------|-------|---------|--------|
| hidden              | value     | hidden          |       |         | 1      |
| hidden_l0           | value     | hidden          | 0     |         | 1      |
| grad/W_x_l1_reverse | gradient  | W_x             | 1     | yes     | 1      |
| step/b              | step      | b               |       |         | 1      |
| step2/loss          | step      | loss            |       |         | 2      |
| behaviour/one row   | behaviour | one row         |       |         | 1      |
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Self

from parity.model.cell import Cell, cell_suffix

DELTA = "delta"
"""A name that a subject may offer and the reference does not offer: for the local check only.

(batch, steps, hidden), the gradient by every pre-activation.
"""

SECOND_BIAS = "b_hh"
"""The second bias of a subject that has two; the reference has one, their sum."""

_BY_ROW = {
    *("hidden", "final", "logits"),  # of a trace
    *("x", "h_0", "labels", "step_labels", "upstream", "upstream_final", "lengths", "mask"),
}
"""Quantities that each sequence has alone: they are the same without the rest of the batch."""

_GRADIENTS_BY_ROW = {"x", "h_0"}

_TEXT = re.compile(
    r"(?:(?P<kind>grad|behaviour|step(?P<update>[2-9]|[1-9][0-9]+)?)/)?"
    r"(?P<quantity>.+?)"
    r"(?:_l(?P<layer>0|[1-9][0-9]*))?"
    r"(?P<reverse>_reverse)?",
    re.DOTALL,
)

_REMEMBERED = 4096
"""Parsed names that are kept, at most: far more than a run has; a subject can invent names."""


class Kind(StrEnum):
    """The kind of an array: a value of the run, a gradient, a step, or a comparison of answers."""

    VALUE = ""
    GRADIENT = "grad"
    STEP = "step"
    BEHAVIOUR = "behaviour"  # of a comparison of a subject with itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayName:
    """The name of one array. `str` prints what `parse` reads, for any text.

    An unknown name is a value, and its quantity may be its whole text.
    """

    quantity: str
    kind: Kind = Kind.VALUE
    layer: int | None = None  # None where the name does not say: one layer, or the last one
    reverse: bool = False
    update: int = 1  # counted from 1: a step is what this update comes to

    @classmethod
    def parse(cls, text: str) -> "ArrayName":
        """Return the name that `text` stands for. Never fails; a text is parsed only once."""
        return _parsed(text)

    def __str__(self) -> str:
        later = str(self.update) if self.kind is Kind.STEP and self.update > 1 else ""
        prefix = f"{self.kind.value}{later}/" if self.kind else ""
        return f"{prefix}{self.parameter}"

    @property
    def parameter(self) -> str:
        """The name of the array that a gradient or a step belongs to: `W_x_l1` of `grad/W_x_l1`."""
        return self.quantity + cell_suffix(self.layer, reverse=self.reverse)

    @property
    def cell(self) -> Cell:
        """The cell that the array belongs to."""
        return Cell(layer=self.layer or 0, reverse=self.reverse)

    @property
    def chapter(self) -> str:
        """The part of the computation: forward, gradients, step or behaviour."""
        if self.kind is Kind.VALUE:
            return "gradients" if self.quantity == DELTA else "forward"
        return "gradients" if self.kind is Kind.GRADIENT else self.kind.value

    @property
    def is_gradient(self) -> bool:
        """Whether it is a gradient of the loss."""
        return self.kind is Kind.GRADIENT

    @property
    def is_step(self) -> bool:
        """Whether it is a result of an update, the first one or a later one."""
        return self.kind is Kind.STEP

    @property
    def is_first_step(self) -> bool:
        """Whether it is a result of the first update."""
        return self.is_step and self.update == 1

    @property
    def is_states(self) -> bool:
        """Whether it holds the states of a layer: (batch, steps, width)."""
        return self.kind is Kind.VALUE and self.quantity == "hidden"

    @property
    def is_optional(self) -> bool:
        """Whether a subject may leave it out; then only this array is not checked.

        These are the states of a layer below the last one, and those that a later step starts from.
        """
        return self.quantity == "hidden" and (
            self.is_step or (self.kind is Kind.VALUE and self.layer is not None)
        )

    @property
    def by_row(self) -> bool:
        """Whether the first axis is the batch."""
        if self.kind is Kind.GRADIENT:
            return self.quantity in _GRADIENTS_BY_ROW
        return self.kind is Kind.VALUE and self.quantity in _BY_ROW

    @property
    def is_second_bias(self) -> bool:
        """Whether it belongs to the second bias of a subject that has two."""
        return self.quantity == SECOND_BIAS

    @property
    def in_reference(self) -> Self:
        """The name in the reference's trace: that of the only bias for the second one."""
        return replace(self, quantity="b") if self.is_second_bias else self

    @property
    def gradient(self) -> Self:
        """The name of the gradient that a step uses, or of the gradient by a value."""
        return replace(self, kind=Kind.GRADIENT, update=1)

    @property
    def first_step(self) -> Self:
        """The name of the first update's result for this parameter, or a gradient's parameter."""
        return replace(self, kind=Kind.STEP, update=1)


def without_suffix(name: str) -> str:
    """Return a name without the part that names its cell: W_x of W_x_l1_reverse."""
    return ArrayName.parse(name).quantity


def gradient_name(parameter: str) -> str:
    """Return the name of the gradient by a parameter or an input: `grad/W_x`."""
    return f"{Kind.GRADIENT.value}/{parameter}"


def step_name(update: int, name: str) -> str:
    """Return the name of an array after an update, counted from 1: `step/W_x`."""
    return f"{Kind.STEP.value}{update if update > 1 else ''}/{name}"


def second_bias(name: str) -> str:
    """Return the name of the second bias beside `b`, with its cell: b_hh_l1 of b_l1."""
    return str(replace(ArrayName.parse(name), quantity=SECOND_BIAS))


def behaviour_name(title: str) -> str:
    """Return the name of a comparison of a subject with itself."""
    return f"{Kind.BEHAVIOUR.value}/{title}"


@lru_cache(_REMEMBERED)
def _parsed(text: str) -> ArrayName:
    found = _TEXT.fullmatch(text)
    if found is None:
        return ArrayName(quantity=text)
    return ArrayName(
        quantity=found["quantity"],
        kind=Kind((found["kind"] or "").rstrip("0123456789")),
        layer=None if found["layer"] is None else int(found["layer"]),
        reverse=found["reverse"] is not None,
        update=int(found["update"] or 1),
    )
