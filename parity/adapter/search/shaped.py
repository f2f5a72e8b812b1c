"""Shaped: which array is which weight, by the shapes that an author's own arrays have.

The square matrix W_h says how many units there are; a matrix that shares this size is W_x or
W_out, a vector of it is a bias. Names only order what shapes leave open.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parity.adapter import names
from parity.adapter.search.places import Hypothesis

MOST = 7
"""Arrays, at most: a network of one layer has five, or seven with two biases and a state."""

Form = tuple[str, str, int]
"""A parameter, the view on the array that is it, and its other size."""


@dataclass(frozen=True, kw_only=True)
class Shaped:
    """An assignment of parameters to arrays, and which size each of the author's numbers is."""

    hypothesis: Hypothesis
    sizes: Mapping[str, int]  # features, hidden, classes


def assignments(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[Shaped]:
    """Yield every assignment that the shapes of arrays allow, the likeliest first.

    shapes: by the expressions that reach the arrays.
    """
    if len(shapes) > MOST:
        return
    found = [
        one
        for units in sorted({shape[0] for shape in shapes.values() if _is_square(shape)})
        for chosen in itertools.product(*(_forms(shape, units) for shape in shapes.values()))
        if (one := _assigned(list(shapes), chosen, units)) is not None
    ]
    yield from sorted(found, key=lambda one: one.hypothesis.penalty)


def _is_square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1] > 1


def _forms(shape: tuple[int, ...], units: int) -> list[Form]:
    """Return what an array can be in a network of so many units."""
    found: list[Form] = []
    if shape == (units, units):
        return [("W_h", "", units), ("W_h", ".T", units)]
    if len(shape) == 2 and shape[1] == units:
        found += [("W_x", "", shape[0]), ("W_out", ".T", shape[0])]
    if len(shape) == 2 and shape[0] == units:
        found += [("W_x", ".T", shape[1]), ("W_out", "", shape[1])]
    length, view = _vector(shape)
    if length:
        found.append(("b" if length == units else "b_out", view, length))
    return found


def _vector(shape: tuple[int, ...]) -> tuple[int, str]:
    """Return the length of a vector, a row or a column, and the view on it; 0 for a matrix."""
    if len(shape) == 1:
        return shape[0], ""
    if len(shape) == 2 and shape[0] == 1:
        return shape[1], "[0]"
    if len(shape) == 2 and shape[1] == 1:
        return shape[0], "[:, 0]"
    return 0, ""


def _assigned(texts: list[str], chosen: tuple[Form, ...], units: int) -> Shaped | None:
    """Return one assignment; None where two arrays would be the same weight, or W_x is missing."""
    places: dict[str, str] = {}
    leaves: dict[str, str] = {}
    sizes = {"hidden": units}
    penalty = 0.0
    for text, (part, view, size) in zip(texts, chosen, strict=True):
        if part in places and part != "b":
            return None
        places[part] = f"{places[part]} + {text}{view}" if part in places else f"{text}{view}"
        leaves[part] = text
        other = {"W_x": "features", "W_out": "classes", "b_out": "classes"}.get(part, "hidden")
        if sizes.setdefault(other, size) != size:
            return None
        said = names.role(_last_word(text), names.WEIGHTS)
        penalty += 0.3 * (said not in (part, None))
    if not {"W_x", "W_h"} <= {*places} or ("b_out" in places and "W_out" not in places):
        return None
    if places.get("b", "").count(" + ") > 1:
        return None
    turned = {places[part].endswith(".T") for part in ("W_x", "W_h", "W_out") if part in places}
    penalty += 0.75 * (len(turned) > 1)
    return Shaped(hypothesis=Hypothesis(places=places, leaves=leaves, penalty=penalty), sizes=sizes)


def _last_word(text: str) -> str:
    return text.rstrip("']\"").rpartition(".")[2].rpartition("[")[2].strip("'\"")


# -- one vector ------------------------------------------------------------------------------------

LAID_OUT = (
    ("W_x", "W_h", "b", "W_out", "b_out"),
    ("W_x", "W_h", "W_out", "b", "b_out"),
    ("W_h", "W_x", "b", "W_out", "b_out"),
    ("W_x", "W_h", "b"),
    ("W_h", "W_x", "b"),
    ("W_x", "W_h", "W_out"),
    ("W_x", "W_h"),
)
"""Orders in which one flat vector holds weights."""

AXES = {
    "W_x": ("features", "hidden"),
    "W_h": ("hidden", "hidden"),
    "W_out": ("hidden", "classes"),
    "b": ("hidden",),
    "b_out": ("classes",),
}


def flat(text: str, length: int, sizes: tuple[int, ...]) -> Iterator[Shaped]:
    """Yield the ways in which a vector of this length holds every weight, one after the other.

    sizes: the numbers that it has been made with, each of which can be any size.
    """
    for order in LAID_OUT:
        wanted = sorted({axis for part in order for axis in AXES[part]})
        for chosen in itertools.permutations(sizes, len(wanted)):
            known = dict(zip(wanted, chosen, strict=True))
            if length == sum(_count(part, known) for part in order):
                for turned in (True, False):
                    held = _slices(text, order, turned=turned)
                    leaves = dict.fromkeys(order, text)
                    yield Shaped(hypothesis=Hypothesis(places=held, leaves=leaves), sizes=known)


def _count(part: str, sizes: Mapping[str, int]) -> int:
    first, second = (*AXES[part], "")[:2]
    return sizes[first] * sizes.get(second, 1)


def _slices(text: str, order: tuple[str, ...], *, turned: bool) -> dict[str, str]:
    held: dict[str, str] = {}
    start = ""
    for part in order:
        length = " * ".join(AXES[part])
        end = f"{start} + {length}" if start else length
        axes = AXES[part][::-1] if turned else AXES[part]
        held[part] = f"{text}[{start}:{end}]"
        if len(axes) == 2:
            held[part] += f".reshape({', '.join(axes)})" + ".T" * turned
        start = end
    return held
