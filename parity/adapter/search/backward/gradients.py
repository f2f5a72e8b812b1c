"""Gradients: which array that a backward pass has left is which gradient."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from parity.adapter import names
from parity.adapter.search.forward.answers import laid_out
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import Probe, share
from parity.adapter.shapes import recognised
from parity.model.case import Array

INPUTS = ("x", "h_0")


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """The gradients that were found: where each is, and which of them are right."""

    places: Mapping[str, str] = field(default_factory=dict)  # by parameter
    right: frozenset[str] = frozenset()
    seconds: Mapping[str, str] = field(default_factory=dict)  # of a second bias

    @property
    def weights(self) -> set[str]:
        """The parameters whose gradients were found."""
        return {*self.places} - {*INPUTS}


def find(
    probe: Probe, forward: Forward, found: Sequence[Leaf], right: Mapping[str, Array], factor: float
) -> Gradients:
    """Return which leaf is the gradient of which parameter: by value, by name, then by order."""
    places: dict[str, str] = {}
    seconds: dict[str, str] = {}
    exact: set[str] = set()
    taken: set[str] = set()
    own = _weights_of(forward)
    offered = [leaf for leaf in found if leaf.text not in own and leaf.array.dtype.kind == "f"]
    for name in (n for n in parameters_of(forward) if f"grad/{n}" in right):
        wanted = right[f"grad/{name}"] * factor
        free = [x for x in offered if x.text not in taken or _is_stacked(forward, name)]
        best = _nearest(probe, forward, name, free, wanted)
        if best is None:
            continue
        leaf, places[name], is_right = best
        taken.add(leaf.text)
        exact |= {name} if is_right else set()
        if name == "b" and _has_two(forward):
            seconds |= _second(probe, forward, offered, taken, wanted, leaf.text)
    for name in INPUTS:
        _find_input(forward, name, offered, taken, right, factor, places, exact)
    return Gradients(places=places, right=frozenset(exact), seconds=seconds)


def _weights_of(forward: Forward) -> set[str]:
    """Return the arrays that hold weights: both of two biases."""
    held = [part for text in forward.binding.parameters.values() for part in text.split(" + ")]
    return {*forward.leaves.values(), *(p.partition("[")[0].removesuffix(".T") for p in held)}


def _nearest(
    probe: Probe, forward: Forward, name: str, offered: Sequence[Leaf], wanted: Array
) -> tuple[Leaf, str, bool] | None:
    """Return the leaf that is the gradient of a parameter, how it is read, and if it is right."""
    sizes = (wanted.size, wanted.size * probe.config.steps)  # of each step, too
    best: tuple[tuple[float, ...], Leaf, str, bool] | None = None
    for place, leaf in enumerate(offered):
        if leaf.array.size not in sizes and not _is_stacked(forward, name):
            continue
        for text in texts(probe, forward, name, leaf):
            array = laid_out(text, leaf)
            is_right = share(array, wanted) == 1
            rank = (float(is_right), *_likely(forward, name, leaf), -place)
            if array.shape != wanted.shape or not (is_right or max(rank[1:3]) > 0):
                continue
            if best is None or rank > best[0]:
                best = rank, leaf, text, is_right
    return None if best is None else best[1:]


def parameters_of(forward: Forward) -> list[str]:
    """Return the parameters that a forward pass has, at a place or as an argument."""
    handed = forward.proposal.roles
    return [
        n
        for n in ("W_x", "W_h", "b", "W_out", "b_out")
        if n in forward.binding.parameters or n in handed
    ]


def held_text(forward: Forward, name: str) -> str:
    """Return how a parameter is held: the place of it, or what is handed over."""
    if name in forward.binding.parameters:
        return str(forward.binding.parameters[name])
    return next((v.text for v in forward.proposal.arguments.values() if v.role == name), name)


def _is_stacked(forward: Forward, name: str) -> bool:
    held = list(forward.leaves.values())
    return name in forward.leaves and held.count(forward.leaves[name]) > 1


def texts(probe: Probe, forward: Forward, name: str, leaf: Leaf) -> Iterator[str]:
    """Yield the expressions that make a leaf the gradient of a parameter, by its shape."""
    h, shape = probe.config.hidden, leaf.array.shape
    held = held_text(forward, name)
    if _is_stacked(forward, name):
        view = held.removeprefix(forward.leaves[name])
        array_shape = _shape_of(forward, name)
        if shape == array_shape:
            yield leaf.text + view
        return
    if leaf.array.ndim > 1 and shape[0] == probe.config.steps:
        summed = Leaf(text=f"{leaf.text}.sum(axis=0)", array=leaf.array.sum(axis=0))
        yield from texts(probe, forward, name, summed)
        return
    if name == "W_h":
        if shape == (h, h):
            yield leaf.text + (".T" if held.endswith(".T") else "")
        return
    if leaf.text.startswith("np.stack(") and not leaf.text.endswith(".sum(axis=0)"):
        return
    yield from recognised(leaf.text, shape, probe.own(name), probe.axes)


def _shape_of(forward: Forward, name: str) -> tuple[int, ...]:
    for leaf in forward.outcome.held:
        if leaf.text == forward.leaves[name]:
            return leaf.array.shape
    return ()


def _likely(forward: Forward, name: str, leaf: Leaf) -> tuple[float, float]:
    """Return how alike a weight's and its gradient's names are, and whether it was returned."""
    weight = _bare(forward.leaves.get(name, "")) or _argument(forward, name)
    gradient = leaf.name.lower().replace("_", "")
    squeezed = weight.lower().replace("_", "")
    alike = 0.0
    if squeezed and (
        (len(squeezed) > 1 and squeezed in gradient)
        or gradient in (squeezed, f"d{squeezed}", f"g{squeezed}")
    ):
        alike = 3.0
    elif names.is_like(leaf.name, names.SLOPE):
        alike = 1.0
    return alike, float(leaf.text.startswith(("back", "out")))


def _bare(text: str) -> str:
    return Leaf(text=text, array=np.zeros(0)).name if text else ""


def _argument(forward: Forward, name: str) -> str:
    return next((n for n, v in forward.proposal.arguments.items() if v.role == name), "")


def _second(
    probe: Probe, forward: Forward, offered: Sequence[Leaf], taken: set[str], wanted: Array,
    first: str,
) -> dict[str, str]:  # fmt: skip
    """Return the gradient of the second bias: the other right one, or that with its name."""
    _, _, second = str(forward.binding.parameters.get("b", "")).partition(" + ")
    best: tuple[tuple[float, ...], str, str] | None = None
    for place, leaf in enumerate(offered):
        if leaf.text in taken:
            continue
        near = _is_second(forward, leaf.name, _bare(first))
        for text in recognised(leaf.text, leaf.array.shape, "H", probe.axes):
            is_right = share(laid_out(text, leaf), wanted) == 1
            rank = (
                float(is_right),
                float(_owner(leaf.text) == _owner(second)),
                float(near),
                -place,
            )
            if (near or is_right) and (best is None or rank > best[0]):
                best = rank, text, leaf.text
    if best is None:
        return {}
    taken.add(best[2])
    return {"b_hh": best[1]}


def _owner(text: str) -> str:
    """Return the object that an array is an attribute of: `fh` of `fh.b[0]`."""
    return text.partition("[")[0].rpartition(".")[0]


def _is_second(forward: Forward, name: str, first: str) -> bool:
    """Return whether a name is the second bias's gradient: d_bias_hh, or db_hh beside db_ih."""
    _, _, place = str(forward.binding.parameters.get("b", "")).partition(" + ")
    second = _bare(place) or next(
        (n for n, v in forward.proposal.arguments.items() if v.role == "b_hh"), ""
    )
    squeezed = second.lower().replace("_", "")
    if squeezed and squeezed in name.lower().replace("_", ""):
        return True
    return name != first and name == first.replace("ih", "hh")


def _has_two(forward: Forward) -> bool:
    """Return whether a forward pass has two biases, whose sum is the case's."""
    return " + " in str(forward.binding.parameters.get("b", "")) or "b_hh" in forward.proposal.roles


def _is_returned(forward: Forward, leaf: Leaf, text: str) -> bool:
    """Return whether an array of the shape of x was returned by a backward pass, and is not x."""
    x = forward.outcome.session.case.x
    own = re.fullmatch(r"back(ed)?(\[\d\])?", leaf.text) is not None
    return own and not np.array_equal(laid_out(text, leaf), x)


def _is_carried(forward: Forward, leaf: Leaf, text: str, right: Mapping[str, Array]) -> bool:
    """Return whether an array of the shape of h_0 was returned, and is nothing else of a pass.

    right: in the size of the author's loss. It is neither a state, nor the gradient by the states
    or the sums of a step: those are known by the gradient of x that follows from them.
    """
    if re.fullmatch(r"back\[\d\]", leaf.text) is None or "grad/x" not in right:
        return False
    array, case = laid_out(text, leaf), forward.outcome.session.case
    if any(np.array_equal(array, state) for state in (case.h_0, *right["hidden"].swapaxes(0, 1))):
        return False
    for t, state in enumerate(right["hidden"].swapaxes(0, 1)):
        slope = 1 - state**2 if forward.activation == "tanh" else state > 0
        for sums in (array, array * slope):
            if np.allclose(sums @ case.W_x.T, right["grad/x"][:, t], atol=0):
                return False
    return True


def _find_input(
    forward: Forward,
    name: str,
    offered: Sequence[Leaf],
    taken: set[str],
    right: Mapping[str, Array],
    factor: float,
    places: dict[str, str],
    exact: set[str],
) -> None:
    """Find the gradient by x or h_0: by value, or by its name, or because it was returned."""
    probe = forward.probe
    if name == "x" and probe.manner.ids:
        return
    best: tuple[tuple[float, ...], str, bool, str] | None = None
    for place, leaf in enumerate(offered):
        if leaf.text in taken or leaf.array.size != right[f"grad/{name}"].size:
            continue
        for text in recognised(leaf.text, leaf.array.shape, probe.own(name), probe.axes):
            is_right = share(laid_out(text, leaf), right[f"grad/{name}"] * factor) == 1
            bare = name.lower().replace("_", "_?")
            named = names.is_like(leaf.name, (rf"d_?{bare}", rf"grad_?{bare}", rf"{bare}_?grad"))
            if name == "x":
                named = named or _is_returned(forward, leaf, text)
            else:
                named = named or names.is_like(
                    leaf.name, (r"d_?h_?(prev|init|0).*", r"d_?prev_?h.*")
                )
                own = {n: a * factor for n, a in right.items() if n.startswith("grad/")}
                named = named or (
                    bool(exact) and _is_carried(forward, leaf, text, {**right, **own})
                )
            rank = (float(is_right), float(named), -place)
            if (is_right or named) and (best is None or rank > best[0]):
                best = rank, text, is_right, leaf.text
    if best is not None:
        _, text, is_right, raw = best
        places[name] = text
        taken.add(raw)
        exact |= {name} if is_right else set()
