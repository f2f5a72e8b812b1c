"""Answers: which arrays a call may answer, their shapes, and which answers are misread."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.adapter.binding import BindError, Call
from parity.adapter.checking.by_shape import Shape
from parity.adapter.checking.wording import repair, told
from parity.adapter.running.session import AXES_OF_A_CELL, Session
from parity.model.case import layout
from parity.model.config import Config
from parity.model.names import ArrayName


def refuse_misread(item: str, call: Call, session: Session) -> None:
    """Refuse an answer that is not numbers, or that has the shape of something else."""
    shapes = shapes_of(session.case.config)
    for name, where in call.answers:
        for own, array in _arrays(name, session):
            if not isinstance(array, np.ndarray) or array.dtype.kind not in borders.KINDS:
                kind = told(session.answers[own])
                raise BindError(f"`{item}`: the answer `{name}: {where}` is not numbers: {kind}")
            wanted = shapes[own]
            if array.shape != wanted and _is_misread(own, array.shape, wanted, shapes):
                raise BindError(
                    f"`{item}`: the answer `{name}: {where}` has shape {array.shape}, "
                    f"expected {_axes(own, wanted)}{repair(where, array.shape, wanted)}"
                )


def _arrays(name: str, session: Session) -> Iterator[tuple[str, Any]]:
    parsed = ArrayName.parse(name)
    of_cells = parsed.quantity in AXES_OF_A_CELL and not parsed.cell.suffix
    names = [c.name(name) for c in session.case.config.cells] if of_cells else [name]
    yield from ((own, session.answers[own]) for own in names if own in session.answers)


def shapes_of(config: Config) -> dict[str, Shape]:
    """Return every answer that a network may give, and its shape."""
    own = {name: shape for name, (_, shape) in layout(config).items()}
    n, t, c = config.batch, config.steps, config.classes
    states = (n, t, config.width)
    shapes: dict[str, Shape] = {
        "hidden": states,
        "logits": (n, t, c) if config.every_step else (n, c),
    }
    shapes |= {"every_logits": (n, t, c), "loss": (), "delta": (n, t, config.hidden)}
    shapes |= {f"hidden_l{layer}": states for layer in range(config.layers - 1)}
    for cell in config.cells:
        shapes[cell.name("final")] = own[cell.name("h_0")]
        for of in ("W_x", "W_h", "b", "h_0"):
            shapes[f"grad/{cell.name(of)}"] = shapes[f"step/{cell.name(of)}"] = own[cell.name(of)]
        for kind in ("grad", "step"):
            shapes[f"{kind}/{cell.name('b_hh')}"] = own[cell.name("b")]
    for of in ("W_out", "b_out", "x"):
        shapes[f"grad/{of}"] = shapes[f"step/{of}"] = own[of]
    return shapes


def by_shape(config: Config, item: str, *, looped: bool) -> dict[str, Shape]:
    """Return the shapes by which the answers of a call are told apart; of one step, in a loop."""
    if item == "loss":
        return {"loss": ()}
    n, t = config.batch, config.steps
    if looped:
        return {"hidden": (n, config.hidden), "every_logits": (n, config.classes)}
    return {
        "hidden": (n, t, config.width),
        "logits": (n, config.classes),
        "every_logits": (n, t, config.classes),
    }


def _is_misread(name: str, shape: Shape, wanted: Shape, shapes: Mapping[str, Shape]) -> bool:
    """Return whether a shape shows a wrong binding, and not a wrong gradient of the network's."""
    parsed_name = ArrayName.parse(name)
    if not (parsed_name.is_gradient or parsed_name.is_step):
        return True
    of_another = shape in [s for n, s in shapes.items() if n.startswith("grad/")]
    return np.prod(shape) == np.prod(wanted) or of_another


def _axes(name: str, shape: Shape) -> str:
    """Return a shape with the names of its axes: `(batch, steps, hidden) = (2, 3, 5)`."""
    axes = {
        "hidden": "(batch, steps, hidden)",
        "logits": "(batch, classes)" if len(shape) == 2 else "(batch, steps, classes)",
        "every_logits": "(batch, steps, classes)",
        "loss": "",
        "final": "(batch, hidden)",
    }.get(name, "")
    return f"{axes} = {shape}" if axes else str(shape)
