"""Calls: ways to call a function, the likeliest first: by names, then by everything that fits."""

import heapq
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from parity.adapter import names
from parity.adapter.search.calling.static import facts
from parity.adapter.search.calling.values import Manner, Value, in_one_order, values

UNNAMED = 2.0
"""The penalty of a value that the parameter's name does not say."""

TWICE = 4.0
"""The penalty of handing over the same array twice."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A call as text, and what is handed over to each of its parameters."""

    text: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    penalty: float = 0.0

    @property
    def roles(self) -> frozenset[str]:
        """The roles that its arguments play."""
        return frozenset(value.role for value in self.arguments.values())

    @property
    def is_named(self) -> bool:
        """Whether each argument's name says what it is."""
        return all(value.penalty < UNNAMED for value in self.arguments.values())


def parameters(function: Any) -> list[inspect.Parameter]:
    """Return a function's parameters, without self and without * and **; empty when unknown."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in found if p.kind in (*plain, inspect.Parameter.KEYWORD_ONLY)]


def is_required(parameter: inspect.Parameter) -> bool:
    """Return whether a call must give this parameter."""
    return parameter.default is inspect.Parameter.empty


def proposals(
    name: str,
    function: Callable[..., Any],
    manner: Manner,
    among: Sequence[str],
    *,
    given: Mapping[str, Sequence[Value]] | None = None,
    extra: Mapping[str, Sequence[Value]] | None = None,
) -> Iterator[Proposal]:
    """Yield calls of a function. `among`: the roles that its arguments can play.

    `given`: values by a parameter's own name; an empty sequence leaves a default alone. `extra`:
    values of a role that an earlier call has answered.
    """
    known, more = given or {}, extra or {}
    wanted = parameters(function)
    options = [
        list(known[p.name]) if p.name in known else _options(p, function, manner, among, more)
        for p in wanted
    ]
    if any(not option and is_required(p) for p, option in zip(wanted, options, strict=True)):
        return
    _second_upstream(wanted, options)
    second_bias(options)
    for chosen, penalty in best_first([option or [LEFT_OUT] for option in options]):
        told = _told_apart(chosen)
        if told is None or not in_one_order(v.text for v in told):
            continue
        pairs = [(p, v) for p, v in zip(wanted, told, strict=True) if v.text]
        yield Proposal(
            text=f"{name}({', '.join(written(wanted, told))})",
            arguments={p.name: v for p, v in pairs},
            penalty=penalty,
        )


def _second_upstream(wanted: Sequence[inspect.Parameter], options: list[list[Value]]) -> None:
    """Leave out an optional gradient where another one has to be given."""
    needs = [
        is_required(p) and option and option[0].role in UPSTREAM
        for p, option in zip(wanted, options, strict=True)
    ]
    for place, (parameter, option) in enumerate(zip(wanted, options, strict=True)):
        if any(needs) and not is_required(parameter) and option and option[0].role in UPSTREAM:
            later = [
                Value(text=v.text, role=v.role, penalty=v.penalty + 0.6) for v in option if v.text
            ]
            options[place] = [LEFT_OUT, *later]
            if FINAL in {v.role for v in later} and names.is_like(
                parameter.name, names.FINAL_UPSTREAM
            ):
                finals = [
                    replace(v, penalty=0.01 * i) for i, v in enumerate(later) if v.role == FINAL
                ]
                options[place] = [*finals, replace(LEFT_OUT, penalty=0.3)]


def second_bias(options: list[list[Value]]) -> None:
    """Hand two biases of one layer over as two arrays, whose sum is the case's bias."""
    places = [i for i, option in enumerate(options) if option and option[0].role == "b"]
    if len(places) != 2:
        return
    for place, (name, role) in zip(places, (("b_ih", "b"), ("b_hh", "b_hh")), strict=True):
        options[place] = [
            replace(v, text=v.text.replace("b", name, 1), role=role) if v.role == "b" else v
            for v in options[place]
        ]


def _told_apart(chosen: Sequence[Value]) -> tuple[Value, ...] | None:
    """Return arguments in which the gradient by the final state is in one of two places only.

    None where it would be handed over without the gradient by the other states.
    """
    roles = [value.role for value in chosen]
    if FINAL not in roles:
        return tuple(chosen)
    if "upstream" not in roles:
        return None
    return tuple(
        replace(v, text=v.text.replace("upstream", "upstream_output"))
        if v.role == "upstream"
        else v
        for v in chosen
    )


FINAL = "upstream_final"

UPSTREAM = ("upstream", "d_last", "d_logits", "d_every_logits")


LEFT_OUT = Value(text="", role="")


def written(wanted: Sequence[inspect.Parameter], chosen: Sequence[Value]) -> Iterator[str]:
    """Yield arguments as a call has them: with its name after one that is left out."""
    positional = True
    for parameter, value in zip(wanted, chosen, strict=True):
        positional = (
            positional and bool(value.text) and parameter.kind is not parameter.KEYWORD_ONLY
        )
        if value.text:
            yield value.text if positional else f"{parameter.name}={value.text}"


def best_first(options: Sequence[Sequence[Value]]) -> Iterator[tuple[tuple[Value, ...], float]]:
    """Yield combinations in the order of their penalties, each once.

    An array that is handed over twice costs extra; so does a mixture of layouts.
    """
    ordered = [sorted(option, key=lambda v: v.penalty) for option in options]
    start = (0,) * len(ordered)
    queue = [(sum(o[0].penalty for o in ordered), start)]
    known = {start}
    held: list[tuple[float, tuple[int, ...]]] = []  # found, and waiting for their extra cost
    while (queue or held) and len(known) < STATES:
        if held and (not queue or held[0][0] <= queue[0][0]):
            penalty, places = heapq.heappop(held)
            yield tuple(o[i] for o, i in zip(ordered, places, strict=True)), penalty
            continue
        base, places = heapq.heappop(queue)
        chosen = [o[i] for o, i in zip(ordered, places, strict=True)]
        heapq.heappush(held, (base + _extra(chosen), places))
        for axis, option in enumerate(ordered):
            if places[axis] + 1 < len(option):
                following = (*places[:axis], places[axis] + 1, *places[axis + 1 :])
                if following not in known:
                    known.add(following)
                    step = option[places[axis] + 1].penalty - option[places[axis]].penalty
                    heapq.heappush(queue, (base + step, following))


STATES = 12_000
"""Combinations that are looked at, at most: many of them cost extra, and wait."""

BIASES = ("b", "b_hh", "b_out")


def _extra(chosen: Sequence[Value]) -> float:
    roles = [v.text if v.role == "object" else v.role for v in chosen if v.role not in PLAIN_ROLES]
    twice = len(roles) - len({*roles})
    matrices = {v.text.endswith(".T") for v in chosen if v.role in MATRICES}
    biases = {v.text.partition("[")[2] for v in chosen if v.role in BIASES}
    return TWICE * twice + 0.75 * (len(matrices) > 1) + 0.75 * (len(biases) > 1)


PLAIN_ROLES = frozenset({"", "zero", "one", "many", "none", "true", "number", "seed"})
"""Roles that several arguments can play."""

MATRICES = frozenset({"W_x", "W_h", "W_out"})


def _options(
    parameter: inspect.Parameter,
    function: Callable[..., Any],
    manner: Manner,
    among: Sequence[str],
    extra: Mapping[str, Sequence[Value]],
) -> list[Value]:
    """Return the values for a parameter: those that its name says, and then all others."""
    patterns = {role: PATTERNS[role] for role in among if role in PATTERNS}
    said = [role for role, words in patterns.items() if names.is_like(parameter.name, words)]
    named = list(said[:2])
    for role in tuple(named):
        named += [r for r in ALIKE.get(role, ()) if r in among and r not in named]
    found = [
        Value(text=v.text, role=role, penalty=v.penalty + 0.25 * place)
        for place, role in enumerate(named)
        for v in extra.get(role, ()) or values(role, manner)
    ]
    if not is_required(parameter):
        keep = not named or named[0] not in ALWAYS_GIVEN
        if keep and "one" in among and type(parameter.default) is int and parameter.default > 1:
            return [LEFT_OUT, Value(text="1", role="one", penalty=0.15)]  # rounds, by another name
        if keep and not named and "lr" in among and _is_rate(parameter):
            return [LEFT_OUT, Value(text="lr", role="lr", penalty=0.1)]
        return [LEFT_OUT] if keep else [*found, Value(text="", role="", penalty=3.0)]
    if parameter.name in facts(function).called:
        return [v for v in found if v.role in ("function", "activation")] or [
            Value(text="f", role="function", penalty=UNNAMED)
        ]
    others = [role for role in among if role not in named and role not in SIZES]
    found += [
        Value(text=v.text, role=role, penalty=UNNAMED + v.penalty + 0.1 * place)
        for place, role in enumerate(others)
        for v in extra.get(role, ()) or values(role, manner)
    ]
    return found


def _is_rate(parameter: inspect.Parameter) -> bool:
    """Return whether a parameter may be a learning rate whose name does not say so."""
    default, kinds = parameter.default, (*names.PENALTY, *names.KNOB)
    return type(default) is float and default > 0 and not names.is_like(parameter.name, kinds)


SIZES = ("features", "hidden", "classes", "batch", "steps")

ALWAYS_GIVEN = ("one", "x", "h_0", "x_t", "h_t", "labels", "one_hot", "lr", "step_labels",
                "upstream", "d_logits", "W_x", "W_h", "b", "W_out", "b_out")  # fmt: skip
"""Roles whose arguments are given in spite of a default."""

ALIKE: Mapping[str, tuple[str, ...]] = {
    "labels": ("step_labels",),
    "one_hot": ("step_one_hot",),
    "upstream": ("d_last", "d_logits", "d_every_logits"),
    "d_logits": ("d_every_logits", "upstream"),
    "hidden": ("last", "x"),
    "h_0": ("hidden",),
    "logits": ("every_logits",),
    "batch": ("steps",),
}
"""Roles that a name can mean as well."""

PATTERNS: Mapping[str, names.Words] = {
    **names.VALUES,
    **names.WEIGHTS,
    "upstream": (*names.VALUES["upstream"], *names.VALUES["d_logits"]),
    FINAL: names.FINAL_UPSTREAM,
    "x_t": names.VALUES["x"],
    "h_t": names.VALUES["h_0"],
    "features": names.SIZES["features"],
    "hidden": names.SIZES["hidden"],
    "classes": names.SIZES["classes"],
    "batch": names.SIZES["batch"],
    "steps": names.SIZES["steps"],
    "one": names.ROUNDS,
    "shape": (r".*shape.*",),
    "activation": (*names.ACTIVATION, *names.FUNCTION),
}
