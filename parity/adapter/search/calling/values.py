"""Values: what can be handed to a parameter, by the role that it plays, the likeliest first."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from parity.adapter.expressions import evaluate
from parity.adapter.shapes import CANONICAL, SIZES, arranged, layouts


@dataclass(frozen=True, kw_only=True)
class Value:
    """An expression that can be handed over: its role, and how unusual it is."""

    text: str
    role: str
    penalty: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Manner:
    """A manner of asking: whole batches or one row; numbers, ids, or ids of as many classes."""

    one_row: bool = False
    data: str = "drawn"
    layers: int = 1
    both: bool = False  # two directions

    @property
    def ids(self) -> bool:
        """Whether inputs are integers."""
        return self.data != "drawn"

    @property
    def several(self) -> dict[str, int | bool]:
        """The options of a network that always has several layers or directions."""
        found: dict[str, int | bool] = {"layers": self.layers} if self.layers > 1 else {}
        return found | ({"bidirectional": True} if self.both else {})


MANNERS = tuple(
    Manner(one_row=one_row, data=data)
    for data in ("drawn", "vocabulary", "ids")
    for one_row in (False, True)
)


SEVERAL = {"bidirectional": Manner(both=True), "layers": Manner(layers=2)}
"""The manners of asking a network that always has two directions, or two layers."""


@lru_cache
def values(role: str, manner: Manner) -> tuple[Value, ...]:
    """Return the values of a role in a manner of asking."""
    texts = list(dict.fromkeys(_texts(role, manner)))
    return tuple(
        Value(text=text, role=role, penalty=0.3 * place) for place, text in enumerate(texts)
    )


def _texts(role: str, manner: Manner) -> Iterator[str]:
    if role in ("x_t", "h_t"):
        yield from _one_step(role, manner)
    elif role in PLAIN:
        yield from PLAIN[role]
    elif role == "x":
        yield from _ids(manner) if manner.ids else _inputs(manner)
    elif role in ("labels", "one_hot", "step_labels", "step_one_hot"):
        yield from _labels(role, manner)
    elif role in ("W_x", "W_h", "W_out"):
        yield from (role, f"{role}.T")
    elif role in ("b", "b_out"):
        yield from (role, f"{role}[None]", f"{role}[:, None]")
    elif role == "h_0" and manner.several:
        yield from ("every_h_0", "list(every_h_0)")
    elif role in CANONICAL:
        yield from ways(role, CANONICAL[role], manner)
    if role == "h_0" and manner.one_row:
        yield "h_0"


def _inputs(manner: Manner) -> Iterator[str]:
    first, *more = ways("x", CANONICAL["x"], manner)
    yield first
    if manner.one_row:
        yield "x"
    yield from more
    yield from _lists(manner)


PLAIN: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("features", "hidden", "classes", "batch", "steps", "layers")},
    "lr": ("lr",),
    "mask": ("np.ones((batch, steps))", "np.ones((steps, batch))"),
    "shape": ("x.shape", "(batch, steps, features)"),
    "zero": ("0.0",),
    "one": ("1",),
    "many": ("1000",),
    "none": ("None",),
    "false": ("False",),
    "activation": ("activation", "f"),
    "function": ("f", "activation"),
    "dtype": ("dtype",),
    "every_logits": ("every_logits",),
}


def _one_step(role: str, manner: Manner) -> Iterator[str]:
    """Yield one step's input, or the state that goes from step to step."""
    if role == "h_t":
        yield "h"
    elif manner.ids:
        yield from (
            ("ids[0, t]", "ids[:, t]", "x[0, t]", "x[0, t][:, None]")
            if manner.one_row
            else ("ids[:, t]", "x[:, t]")
        )
    elif manner.one_row:
        yield from ("x[0, t]", "x[0, t][:, None]", "x[:, t]")
    else:
        yield from ("x[:, t]", "x[:, t].T")


STARTS = ("h_0", "h_0.T")
ROW_STARTS = ("h_0[0]", "h_0[0][:, None]", "h_0")
"""Layouts of the state that a loop over steps begins with."""


def ways(text: str, own: str, manner: Manner) -> list[str]:
    """Return an array in every layout, its own first."""
    return [arranged(text, own, layout) for layout in layouts(own, one_row=manner.one_row)]


def _lists(manner: Manner) -> Iterator[str]:
    if manner.one_row:
        yield from ("x", "list(x[0])", "list(x[0][:, :, None])", "list(x[0][:, None])")
        yield from ("x[0].tolist()", "x.swapaxes(0, 1)")
    else:
        yield from ("list(x.swapaxes(0, 1))", "list(x.transpose(1, 2, 0))", "x.tolist()")


def _ids(manner: Manner) -> Iterator[str]:
    if manner.one_row:
        yield from ("ids[0]", "ids[0].tolist()", "x[0]", "list(x[0][:, :, None])", "ids")
    else:
        yield from ("ids", "ids.T", "x", "x.swapaxes(0, 1)")


def _labels(role: str, manner: Manner) -> Iterator[str]:
    by_step = role.startswith("step")
    one_hot = ways(role if "one_hot" in role else role.replace("labels", "one_hot"),
                   "NTC" if by_step else "NC", manner)  # fmt: skip
    if by_step:
        integers = ["step_labels[0]", "step_labels[0].tolist()", "step_labels"]
        integers = integers if manner.one_row else ["step_labels", "step_labels.T"]
    else:
        integers = ["labels", "labels[:, None]"]
        integers = ["int(labels[0])", *integers] if manner.one_row else integers
    yield from (one_hot + integers) if "one_hot" in role else (integers + one_hot)


# -- the order of batch and time -------------------------------------------------------------------


def in_one_order(texts: Iterable[str]) -> bool:
    """Return whether inputs and labels of every step all have the batch first, or all the time.

    An author's function that is handed `ids` beside `step_labels.T` could be right by the
    harness's own rearrangement. Other values do not count.
    """
    return len({order for text in texts if (order := _order(text)) is not None}) < 2


_DUMMIES: Mapping[str, object] = {
    "x": np.zeros((SIZES["batch"], SIZES["steps"], SIZES["features"])),
    "ids": np.zeros((SIZES["batch"], SIZES["steps"]), int),
    "step_labels": np.zeros((SIZES["batch"], SIZES["steps"]), int),
    "step_one_hot": np.zeros((SIZES["batch"], SIZES["steps"], SIZES["classes"])),
}
"""Arrays of the probing case's shapes, whose axes any arrangement can be told by."""


@lru_cache(1024)
def _order(text: str) -> bool | None:
    """Return whether an arrangement has the time before the batch; None without both axes."""
    if not any(name in text for name in _DUMMIES):
        return None
    try:
        shape = np.shape(evaluate(text, _DUMMIES.__getitem__))
    except (NameError, IndexError, TypeError, ValueError):
        return None
    batch, steps = SIZES["batch"], SIZES["steps"]
    if batch not in shape or steps not in shape:
        return None
    return bool(shape.index(steps) < shape.index(batch))
