"""Sources: where a function has its weights from, and every reading of them.

| source     | example                                                   |
|------------|-----------------------------------------------------------|
| its own    | `forward(x, h0, Wx, Wh, b)`                               |
| a holder   | `forward(params, x)`: a dictionary, an object, one vector |
| globals    | `forward(x)`, which reads `Wxh`, or `params["Wxh"]`       |
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.binding import Binding
from parity.adapter.search.calling.calls import is_required, parameters
from parity.adapter.search.calling.static import attributes_of, keys_of
from parity.adapter.search.calling.values import Value
from parity.adapter.search.forward.entries import Entry
from parity.adapter.search.forward.forwards import ROLES
from parity.adapter.search.forward.keys import globals_read, of_places, sizes_among, weights_among
from parity.adapter.search.forward.makers import Maker, makers
from parity.adapter.search.forward.places import PARAMETERS, Hypothesis
from parity.adapter.search.forward.shaped import assignments
from parity.adapter.search.leaves import attributes
from parity.adapter.search.trials import Target

NO_WEIGHTS = Hypothesis(places={}, leaves={})

READINGS = 200
"""Readings of one source, at most."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The readings of a function's weights, each with the binding that it belongs to."""

    hypotheses: Sequence[Hypothesis] = (NO_WEIGHTS,)
    bindings: Sequence[Binding]  # one for each reading, or one for all
    given: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    roles: Sequence[str] = (*ROLES, "batch", "steps")

    @property
    def has_weights(self) -> bool:
        """Whether the weights are not handed over one by one."""
        return self.hypotheses[0] is not NO_WEIGHTS

    def binding(self, place: int) -> Binding:
        """Return the binding of one reading."""
        return self.bindings[place if len(self.bindings) > 1 else 0]


def sources(target: Target, entry: Entry) -> Iterator[Source]:
    """Yield the places that a function can have its weights from."""
    bare = Binding(tensors=target.tensors)
    handed = {names.role(p.name, names.WEIGHTS) for p in parameters(entry.function)}
    if {"W_x", "W_h"} <= handed:
        yield Source(bindings=[bare], roles=(*ROLES, *PARAMETERS))
        return
    found = [*_holders(target, entry, bare), *_globals(target, entry, bare)]
    yield from found
    if not found and may_be_handed(entry.function):
        yield Source(bindings=[bare], roles=(*ROLES, *PARAMETERS))


def may_be_handed(function: object) -> bool:
    """Return whether a function has enough parameters for an input and two weights."""
    wanted = parameters(function)
    named = [names.role(p.name, names.WEIGHTS) for p in wanted]
    return sum(is_required(p) for p in wanted) >= 3 or len([n for n in named if n]) >= 2


# -- holders ---------------------------------------------------------------------------------------


def _holders(target: Target, entry: Entry, bare: Binding) -> Iterator[Source]:
    """Yield the readings of a parameter that holds all weights: as made, or by its keys alone."""
    keys = {
        p.name: keys_of(target.module, entry.function, p.name) for p in parameters(entry.function)
    }
    own = {n: attributes_of(target.module, entry.function, n) for n in keys}
    found = False
    for name, maker in itertools.product(keys, makers(target)):
        if _is_held(maker, name, {*keys[name], *own[name]}):
            found = True
            yield from _as_made(name, maker, bare, entry.function)
    if not found:
        yield from _unmade(target, keys, own, bare)


def _is_held(maker: Maker, name: str, read: set[Any]) -> bool:
    """Return whether a function reads of its parameter what a maker has made."""
    made = maker.made
    if isinstance(made, np.ndarray):
        return not read and names.is_like(name, names.VALUES["parameters"])
    if isinstance(made, dict):
        return bool(read & {*made})
    named = {*attributes(made), *getattr(made, "_fields", ())}
    numbers = {*range(len(made))} if isinstance(made, (list, tuple)) else set()
    return bool(read & named) or bool(numbers and numbers <= read)


def _as_made(name: str, maker: Maker, bare: Binding, function: object) -> Iterator[Source]:
    """Yield the readings of what a maker makes, those of the same sizes together.

    A size that the function wants as well has the name that the maker gives it.
    """
    word = name if name not in TAKEN else "weights"
    by_sizes: dict[tuple[tuple[str, int], ...], list[Hypothesis]] = {}
    for one in itertools.islice(maker.shaped(word), READINGS):
        by_sizes.setdefault(tuple(sorted(one.sizes.items())), []).append(one.hypothesis)
    wanted = {p.name for p in parameters(function)}
    for sizes, hypotheses in by_sizes.items():
        said = {number: size for size, number in sizes}
        given = {
            n: [Value(text=said[number], role=said[number])]
            for n, number in maker.arguments.items()
            if n in wanted and number in said
        }
        values = {word: maker.text(dict(sizes))}
        yield Source(
            hypotheses=hypotheses,
            bindings=[Binding(values=values, tensors=bare.tensors)],
            given={**given, name: [Value(text=word, role="parameters")]},
        )


TAKEN = ("x", "h", "t", "f", "b", "labels", "hidden", "lr")
"""Names that mean something else in a binding's expressions."""


def _unmade(
    target: Target,
    keys: Mapping[str, Mapping[Any, str]],
    own: Mapping[str, Sequence[str]],
    bare: Binding,
) -> Iterator[Source]:
    """Yield the readings of a dictionary, tuple or object that nothing in the module makes."""
    keyed = {n: found for n, found in keys.items() if len(found) >= 3}
    places = [(say, f"{n}[{key!r}]") for n, found in keyed.items() for key, say in found.items()]
    values = {n: f"[None] * {len(k)}" if 0 in k else "{}" for n, k in keyed.items()}
    if not keyed:
        objects = {n: found for n, found in own.items() if len(found) >= 3}
        places = [(word, f"{n}.{word}") for n, found in objects.items() for word in found]
        values = {n: _empty(target, found) for n, found in objects.items()}
    if places:
        yield Source(
            hypotheses=list(itertools.islice(of_places(places), READINGS)) or [NO_WEIGHTS],
            bindings=[Binding(values=values, tensors=bare.tensors)],
            given={n: [Value(text=n, role="parameters")] for n in values},
        )


def _empty(target: Target, wanted: Sequence[str]) -> str:
    """Return an object whose attributes can be set: of the module's own class, if it has them."""
    for name, cls in vars(target.module).items():
        if isinstance(cls, type) and cls.__module__ == target.module.__name__:
            own = [p.name for p in parameters(cls)]
            if own and {*wanted} <= {*own}:
                return f"{name}({', '.join(['None'] * len(own))})"
    return "SimpleNamespace()"


# -- globals ---------------------------------------------------------------------------------------


def _globals(target: Target, entry: Entry, bare: Binding) -> Iterator[Source]:
    """Yield the readings of the globals that a function reads: by their shapes, or their names."""
    read = globals_read(target.module, [entry.function])
    held = weights_among(target.module, read)
    if len(held) < 2:
        return
    shapes = {place: shape for _, place in held if (shape := _shape(target, place))}
    shaped = []
    if len(shapes) == len(held):
        shaped = list(itertools.islice(assignments(shapes), READINGS))
    if shaped:
        numbered = [{number: size for size, number in one.sizes.items()} for one in shaped]
        yield Source(
            hypotheses=[one.hypothesis for one in shaped],
            bindings=[
                Binding(parameters=sizes_among(target.module, read, n), tensors=bare.tensors)
                for n in numbered
            ],
        )
        return
    named = sizes_among(target.module, read, {})
    readings = list(itertools.islice(of_places(held, shapes), READINGS))
    if readings:
        yield Source(
            hypotheses=readings, bindings=[Binding(parameters=named, tensors=bare.tensors)]
        )


def _shape(target: Target, place: str) -> tuple[int, ...]:
    """Return the shape of a global, or of an item of one, as the author has left it."""
    name, _, key = place.partition("[")
    value = vars(target.module).get(name)
    if key and isinstance(value, dict):
        value = value.get(key.rstrip("]").strip("'\""))
    return value.shape if isinstance(value, np.ndarray) else ()
