"""Objects: ways to make an object of somebody's class: by names, then by everything that fits."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from parity.adapter import names
from parity.adapter.binding import Binding
from parity.adapter.search.calling.calls import (
    LEFT_OUT,
    best_first,
    is_required,
    parameters,
    second_bias,
    written,
)
from parity.adapter.search.calling.values import Value
from parity.adapter.search.trials import Target

SIZES = ("features", "hidden", "classes")

LISTS = (
    "[features, hidden, classes]",
    "(features, hidden, classes)",
    "[hidden]",
    "[features, hidden]",
    "{'input': features, 'hidden': hidden, 'output': classes}",
)
"""Several sizes in one parameter."""

TEXTS = (
    "'abcdefghijklmnopqrstuvwxyz'[:features]",
    "list('abcdefghijklmnopqrstuvwxyz')[:features]",
    "{c: i for i, c in enumerate('abcdefghijklmnopqrstuvwxyz'[:features])}",
    "{i: c for i, c in enumerate('abcdefghijklmnopqrstuvwxyz'[:features])}",
)
"""A text or a vocabulary of as many letters as there are features."""

_TEXT: names.Words = (
    *(r"text", r"data", r"corpus", r"vocab(ulary)?", r"chars?(_.*)?", r"words?"),
    *(r".*_to_(ix|idx|id|index).*", r".*2(ix|idx|id|index)", r".*to_?i"),
    *(r"i?x?_?to_?(char|word).*", r"(idx|ix|id|index|i)_?(to|2)_?.*", r"alphabet"),
)
_LAYERS: names.Words = (r"n?_?(num)?_?layers?", r"n_?layers?", r"num_?layers?", r"depth")
_BIDIRECTIONAL: names.Words = (r"bi(directional)?",)
_STRUCTURE: names.Words = (
    *(r"layers?(_?(sizes|dims|units))?", r"sizes", r"dims", r"shape", r"architecture"),
    *(r".*_?dims", r".*_?sizes"),
)

_PART: names.Words = (
    *(r".*cells?(_.*)?", r".*rnn.*", r".*layers?", "core", "unit", r"recurrent.*", r"inner.*"),
    *(r"(base|sub)?_?modules?", r"net(work)?", "model"),
)
"""Parameters that are a cell or a layer."""


_LISTED: names.Words = (r"layers?.*", r"sizes", r"dims", r"shape", r"architecture")


@dataclass(frozen=True, kw_only=True)
class Making:
    """A way to make an object, and how unusual it is."""

    text: str
    penalty: float
    roles: frozenset[str]
    is_named: bool
    setup: tuple[str, ...] = ()  # calls that come first

    def binding(self, target: Target, reset: tuple[str, ...] = ()) -> Binding:
        """Return a binding that makes the object, and does nothing else."""
        return Binding(make=self.text, setup=self.setup, reset=reset, tensors=target.tensors)


def makings(name: str, cls: type, module: Any, *, nested: bool = True) -> Iterator[Making]:
    """Yield expressions that make an object of a class, the likeliest first.

    nested: whether it may be handed objects of other classes that have sizes.
    """
    wanted = parameters(cls)
    by_weights = {"W_x", "W_h"} <= {names.role(p.name, names.WEIGHTS) for p in wanted}
    options = [_options(p, cls, module, by_weights=by_weights, nested=nested) for p in wanted]
    _without_classes(options)
    second_bias(options)
    for chosen, penalty in best_first([option or [LEFT_OUT] for option in options]):
        if any(not v.text and is_required(p) for p, v in zip(wanted, chosen, strict=True)):
            continue
        text = f"{name}({', '.join(written(wanted, chosen))})"
        roles = frozenset(v.role for v in chosen if v.role)
        yield Making(text=text, penalty=penalty, roles=roles, is_named=penalty < 2.0)


def _without_classes(options: list[list[Value]]) -> None:
    """Take the outputs of a layer, which has no classes, for its hidden units."""
    first = [option[0].role if option else "" for option in options]
    if "hidden" in first or "classes" not in first:
        return
    place = first.index("classes")
    options[place] = [Value(text="hidden", role="hidden"), *_more_expensive(options[place], 0.5)]


def _more_expensive(some: list[Value], by: float) -> list[Value]:
    return [Value(text=v.text, role=v.role, penalty=v.penalty + by) for v in some]


def _options(
    parameter: inspect.Parameter, cls: type, module: Any, *, by_weights: bool, nested: bool
) -> list[Value]:
    found = list(_named(parameter, module, by_weights=by_weights))
    if not is_required(parameter):
        if found and found[0].role in (*SIZES, "sizes", "lr", *names.WEIGHTS):
            return [*found, Value(text="", role="", penalty=0.5 if found[0].role != "lr" else 2.0)]
        if found and found[0].role in ("one", "true"):
            return [*found, Value(text="", role="", penalty=1.0)]
        return [LEFT_OUT, *_more_expensive(found, 0.6)]
    others = [Value(text=s, role=s, penalty=2.0 + 0.1 * i) for i, s in enumerate(SIZES)]
    fitting = _fitting(parameter.name, cls, module)
    others += [Value(text=t, role="object", penalty=3.0) for t in fitting]
    named = 0.3 if names.is_like(parameter.name, _PART) else 3.0
    if nested:
        handed = parts(parameter.name, cls, module)
        others += [replace(v, penalty=named + v.penalty) for v in handed]
    others += [Value(text="f", role="activation", penalty=3.0)]
    others += [Value(text="activation", role="activation", penalty=3.1)]
    others += [Value(text="None", role="none", penalty=3.2)]
    others += [Value(text="0.01", role="number", penalty=3.3)]
    others += [Value(text=t, role="sizes", penalty=3.4) for t in LISTS[:2]]
    others += [Value(text=t, role="text", penalty=3.6) for t in TEXTS]
    known = {v.text for v in found}
    return [*found, *(v for v in others if v.text not in known)]


def _named(parameter: inspect.Parameter, module: Any, *, by_weights: bool) -> Iterator[Value]:
    """Yield what a parameter's name, or its default, says that it wants."""
    only = list(_only(parameter, module, by_weights=by_weights))
    yield from only or _said(parameter.name, module)


def _only(parameter: inspect.Parameter, module: Any, *, by_weights: bool) -> Iterator[Value]:
    """Yield what a parameter wants where it can be nothing else; nothing where it can."""
    name, default = parameter.name, parameter.default
    part = names.role(name, names.WEIGHTS)
    listed = isinstance(default, (list, tuple))
    if names.is_like(name, names.TRUE):
        yield Value(text="True", role="true")
    elif listed and all(type(size) is int for size in default):
        yield from _lists(0.1)
    elif part is not None and (by_weights or default is None):
        yield from _weights(part)
    elif names.is_like(name, names.ACTIVATION) or _is_function(parameter):
        yield from _activations(parameter, module)
    elif names.is_like(name, _LAYERS) and not listed:
        yield Value(text="layers", role="layers")
        yield Value(text="[features, hidden, classes]", role="sizes", penalty=1.0)
    elif names.is_like(name, _BIDIRECTIONAL):
        yield Value(text="bidirectional", role="bidirectional")
    elif names.is_like(name, _STRUCTURE):
        one = names.role(name.removesuffix("s"), names.SIZES) or names.role(name, names.SIZES)
        if one is None or names.is_like(name, _LISTED):
            yield from _lists(0.3)
        else:  # `input_dims` is one number
            yield Value(text=one, role=one)


def _lists(by: float) -> Iterator[Value]:
    """Yield several sizes in one value, each by so much less likely than the one before."""
    yield from (Value(text=t, role="sizes", penalty=by * i) for i, t in enumerate(LISTS))


def _said(name: str, module: Any) -> Iterator[Value]:
    """Yield whatever a name can mean."""
    size = names.role(name, names.SIZES)
    if size in ("batch", "steps"):  # hardly known when an object is made
        yield from (Value(text=s, role=s, penalty=0.2 + 0.1 * i) for i, s in enumerate(SIZES))
        yield Value(text=size, role=size, penalty=0.6)
    elif size is not None:
        yield Value(text=size, role=size)
    if names.is_like(name, _TEXT):
        yield from (Value(text=t, role="text", penalty=0.2 * i) for i, t in enumerate(TEXTS))
    for words, values in _BESIDE.items():
        if names.is_like(name, words):
            yield from values
    if names.is_like(name, (*names.OPTIMISER, *names.INITIALISER, r".*loss.*", r"criterion")):
        yield from (
            Value(text=text, role="object", penalty=0.3 + 0.02 * place)
            for place, text in enumerate(_fitting(name, None, module))
        )


def _weights(part: str) -> Iterator[Value]:
    """Yield a weight that a constructor is handed, in its layouts."""
    if part in ("b", "b_out"):
        for place, text in enumerate((part, f"{part}[None]", f"{part}[:, None]")):
            yield Value(text=text, role=part, penalty=0.5 * place)
        return
    yield Value(text=part, role=part)
    yield Value(text=f"{part}.T", role=part, penalty=0.5)


_BESIDE = {
    names.ROUNDS: [Value(text="1", role="one")],
    names.INITIAL_STATE: [Value(text="h_0", role="h_0", penalty=0.2)],
    names.SEED: [
        Value(text="0", role="seed"),
        Value(text="np.random.default_rng(0)", role="seed", penalty=0.3),
    ],
    names.PENALTY: [Value(text="0.0", role="zero", penalty=0.1)],
    names.TRUNCATION: [Value(text="1000", role="many", penalty=0.1)],
    names.KNOB: [
        Value(text="0.01", role="number", penalty=0.2),
        Value(text="1", role="number", penalty=0.3),
    ],
    names.DTYPE: [Value(text="dtype", role="dtype", penalty=0.1)],
}


def _is_function(parameter: inspect.Parameter) -> bool:
    default = parameter.default
    plain = callable(default) and not is_required(parameter) and not isinstance(default, type)
    return bool(plain) and names.is_like(parameter.name, names.FUNCTION)


def _activations(parameter: inspect.Parameter, module: Any) -> Iterator[Value]:
    """Yield an activation as its default has it: by name, as a function, or as an own object."""
    by_name = Value(text="activation", role="activation", penalty=0.0)
    by_function = Value(text="f", role="activation", penalty=0.1)
    default = parameter.default
    if callable(default):
        by_name, by_function = (
            Value(text="activation", role="activation", penalty=0.2),
            Value(text="f", role="activation"),
        )
    yield from (by_name, by_function)
    for place, text in enumerate(own_objects(module, None, like=r".*(tanh|relu|act).*")):
        yield Value(text=text, role="object", penalty=0.15 + 0.01 * place)
    for name in ("tanh", "Tanh"):
        if callable(getattr(module, name, None)) and not isinstance(getattr(module, name), type):
            yield Value(text=name, role="activation", penalty=0.12)


def parts(name: str, cls: type, module: Any) -> Iterator[Value]:
    """Yield a cell or a layer, of another class of the file, that a constructor is handed.

    Of several, in a list, there is one for each layer.
    """
    for other, kind in vars(module).items():
        own = isinstance(kind, type) and kind is not cls and kind.__module__ == module.__name__
        if not own or not any(is_required(p) for p in parameters(kind)):
            continue
        one = next(makings(other, kind, module, nested=False), None)
        if one is None or not one.is_named or not one.roles & {"hidden", "W_h"}:
            continue
        alone, several = (Value(text=t, role="part") for t in (one.text, f"[{one.text}]"))
        yield from (several, alone) if name.endswith("s") else (alone, several)


def own_objects(module: Any, cls: type | None, like: str = "") -> list[str]:
    """Return expressions that make an object of a class of the same file without sizes."""
    return [text for text, _ in _objects(module, cls) if not like or names.is_like(text, (like,))]


def _objects(module: Any, cls: type | None) -> list[tuple[str, type]]:
    found = []
    for name, value in vars(module).items():
        if not isinstance(value, type) or value is cls or value.__module__ != module.__name__:
            continue
        own = parameters(value)
        rate = next((p.name for p in own if names.is_like(p.name, names.SIZES["lr"])), "")
        wanted = [p.name for p in own if is_required(p) and p.name != rate]
        if any(not names.is_like(n, names.KNOB) for n in wanted):
            continue
        given = [f"{rate}=lr"] * bool(rate) + [f"{n}=0.01" for n in wanted]
        found.append((f"{name}({', '.join(given)})", value))
    return found


def _fitting(name: str, cls: type | None, module: Any) -> list[str]:
    """Return own objects for a parameter: those that have what the code asks of it come first.

    Of `initializer.W(...)` it follows that an object has a method W.
    """
    asked = _asked_of(name, cls)
    objects = _objects(module, cls)
    able = [(t, kind) for t, kind in objects if asked and all(hasattr(kind, a) for a in asked)]
    kinds = (names.OPTIMISER, names.OPTIMISERS), (names.INITIALISER, names.INITIALISER)
    said = next((words for own, words in kinds if names.is_like(name, own)), ())
    objects = able or objects
    objects.sort(key=lambda one: not names.is_like(one[1].__name__, said))
    return [text for text, _ in objects]


def _asked_of(name: str, cls: type | None) -> set[str]:
    """Return the attributes that a class's text reads of a parameter."""
    try:
        text = inspect.getsource(cls) if cls is not None else ""
    except (OSError, TypeError):
        return set()
    return set(re.findall(rf"\b(?:self\.)?_*{re.escape(name)}\.([A-Za-z]\w*)", text))
