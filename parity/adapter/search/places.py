"""Places: where each parameter sits in somebody's object, and in which layout.

Shapes say which arrays can be which parameter; then one entry is changed, and what moves in the
answer says which of them are read at all, and which way around a square matrix is used.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from parity.adapter import names
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import Probe

PARAMETERS = ("W_x", "W_h", "b", "W_out", "b_out")


@dataclass(frozen=True, kw_only=True)
class Form:
    """Parameters that one array holds, each by the view on it: `W_x`: `Wxh.T`."""

    leaf: Leaf
    views: tuple[tuple[str, str], ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parameters."""
        return tuple(name for name, _ in self.views)


def forms(probe: Probe, leaf: Leaf) -> list[Form]:
    """Return what an array can be, by its shape; a square matrix both ways around."""
    axes, text, shape = probe.axes, leaf.text, leaf.array.shape
    layout = "".join(axes.get(size, "?") for size in shape)
    found = [_whole(leaf, part, view) for part, view in _WHOLE.get(layout, ())]
    if probe.manner.data == "vocabulary":  # F is C as well
        found += [_whole(leaf, part, view) for part, view in _VOCABULARY.get(layout, ())]
    found += [Form(leaf=leaf, views=views) for views in _stacked(probe, text, shape)]
    return found


def _whole(leaf: Leaf, part: str, view: str) -> Form:
    return Form(leaf=leaf, views=((part, leaf.text + view),))


_WHOLE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "FH": (("W_x", ""),),
    "HF": (("W_x", ".T"),),
    "HH": (("W_h", ""), ("W_h", ".T")),
    "HC": (("W_out", ""),),
    "CH": (("W_out", ".T"),),
    "H": (("b", ""),),
    "1H": (("b", "[0]"),),
    "H1": (("b", "[:, 0]"),),
    "C": (("b_out", ""),),
    "1C": (("b_out", "[0]"),),
    "C1": (("b_out", "[:, 0]"),),
    "WC": (("W_out", ""),),
    "CW": (("W_out", ".T"),),
}

_VOCABULARY: Mapping[str, tuple[tuple[str, str], ...]] = {
    "HF": (("W_out", ""),),
    "FH": (("W_out", ".T"),),
    "F": (("b_out", ""),),
    "1F": (("b_out", "[0]"),),
    "F1": (("b_out", "[:, 0]"),),
}


def _stacked(
    probe: Probe, text: str, shape: Sequence[int]
) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield the readings of one matrix that holds several parameters, one above the other.

    [W_x; W_h] in both orders, with a row for b or without; [W_out; b_out].
    """
    config = probe.config
    f, h, c = config.features, config.hidden, config.classes
    if len(shape) != 2:
        return
    for view, (rows, columns) in (("", shape), (".T", (shape[1], shape[0]))):
        whole = f"{text}{view}"
        if (rows, columns) == (h + 1, c):
            yield ("W_out", f"{whole}[:-1]"), ("b_out", f"{whole}[-1]")
            yield ("W_out", f"{whole}[1:]"), ("b_out", f"{whole}[0]")
        if columns != h or rows not in (f + h, f + h + 1):
            continue
        bias = rows == f + h + 1
        for order in (("x", "h"), ("h", "x")):
            for bias_first in (False, True) if bias else (False,):
                yield tuple(_rows(whole, order, bias=bias, bias_first=bias_first))


def _rows(
    whole: str, order: Sequence[str], *, bias: bool, bias_first: bool
) -> Iterator[tuple[str, str]]:
    sizes = {"x": "features", "h": "hidden"}
    start = "1" if bias and bias_first else ""
    first, second = order
    middle = f"{start} + {sizes[first]}" if start else sizes[first]
    end = "" if not bias or bias_first else "-1"
    yield f"W_{first}", f"{whole}[{start}:{middle}]"
    yield f"W_{second}", f"{whole}[{middle}:{end}]"
    if bias:
        yield "b", f"{whole}[{0 if bias_first else -1}]"


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """One assignment of parameters to places."""

    places: Mapping[str, str]
    leaves: Mapping[str, str]  # by parameter: the text of the array that holds it
    penalty: float = 0.0


def hypotheses(probe: Probe, live: Sequence[Leaf]) -> Iterator[Hypothesis]:
    """Yield assignments of arrays that are read, the likeliest first.

    Weights that are held alike come first; of two biases of one size both are the bias.
    """
    options: dict[tuple[str, ...], list[Form]] = {}
    for leaf in live:
        for form in forms(probe, leaf):
            parts = tuple(sorted(form.parts))  # [W_x; W_h] and [W_h; W_x] exclude each other
            options.setdefault(parts, []).append(form)
    if not any("W_h" in parts for parts in options):
        return
    wanted = {name for parts in options for name in parts}
    found = []
    for chosen in itertools.islice(itertools.product(*_choices(options)), 256):
        merged = _merged([form for some in chosen for form in some])
        if merged is not None and "W_h" in merged.places:
            missing = len(wanted - {*merged.places})
            found.append(replace(merged, penalty=merged.penalty + missing))
    yield from sorted(found, key=lambda one: one.penalty)


def _choices(options: Mapping[tuple[str, ...], list[Form]]) -> list[list[tuple[Form, ...]]]:
    """Return, for each set of parameters, which array or arrays can be it."""
    choices: list[list[tuple[Form, ...]]] = []
    stacked = [parts for parts in options if len(parts) > 1]
    for parts, some in options.items():
        one: list[tuple[Form, ...]] = [(form,) for form in some]
        if parts in (("b",), ("b_out",)) and len({f.leaf.text for f in some}) == 2:
            one = [tuple(some), *one]
        elsewhere = {n for other in options if other != parts for n in other}
        if stacked and set(parts) & elsewhere:
            one = [*one, ()]
        choices.append(one)
    return choices


def _merged(chosen: Sequence[Form]) -> Hypothesis | None:
    places: dict[str, str] = {}
    leaves: dict[str, str] = {}
    penalty = 0.0
    used: dict[str, tuple[str, ...]] = {}
    for form in chosen:
        if form.leaf.text in used and used[form.leaf.text] != form.parts:
            return None  # one array is not two parameters
        used[form.leaf.text] = form.parts
        for part, view in form.views:
            if part in places:
                if part not in ("b", "b_out"):
                    return None
                places[part] = f"{places[part]} + {view}"
            else:
                places[part], leaves[part] = view, form.leaf.text
            if len(form.views) == 1 and names.role(form.leaf.name, names.WEIGHTS) not in (
                part,
                None,
            ):
                penalty += 0.5
    turned = {places[p].endswith(".T") for p in ("W_x", "W_h", "W_out") if p in places}
    penalty += 0.75 * (len(turned) > 1)
    return Hypothesis(places=places, leaves=leaves, penalty=penalty)
