"""Ways: how a class or functions may be called so that they run, and where their weights are."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.calls import (
    Call,
    Pool,
    calls,
    constructions,
    is_required,
    members,
    others,
    parameters,
)
from parity.adapter.functions import held, held_globally, is_weight, with_second_bias
from parity.adapter.ground import Ground
from parity.adapter.names import VALUES, is_like
from parity.adapter.slots import Form, Slot, by_name, in_object
from parity.adapter.trial import Trial

CONSTRUCTIONS = 24


FORWARD_ROLES = ("h_0", "one_hot", "labels", "x")


GUESSED = ("x", "h_0", "labels", "one_hot")
"""Roles that a parameter may have whose name does not say its role."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to call a forward pass that runs; its weights are not yet the case's."""

    made: tuple[str, ...]
    slots: tuple[Slot, ...]
    call: Call
    loop: tuple[str, ...] = ()


def ways(ground: Ground) -> Iterator[Way]:
    """Yield ways to call a class or functions with arguments that run."""
    if isinstance(ground.target, type):
        yield from _of_class(ground)
    elif callable(ground.target):
        yield from _of_function(ground, ground.target)
    else:
        for name in [n for n in _entries(ground.module) if not is_like(n, names.STEP)]:
            if getattr(ground.module, name).__module__ != ground.module.__name__:
                continue
            yield from _of_function(ground, getattr(ground.module, name))


def _of_class(ground: Ground) -> Iterator[Way]:
    made = itertools.islice(constructions("make", ground.target, ground.module), CONSTRUCTIONS)
    for call in made:
        drawn = any(f"case.{name}" in call.text for name in ("h_0", "W_", "b"))
        text = (
            call.text.replace("make", f"theirs.{ground.target.__name__}", 1) if drawn else call.text
        )
        line = f"model = {text}"
        trial = ground.tried([line])
        if trial.error is not None:
            continue
        yield from _of_object(ground, (line,), trial)


def _of_object(ground: Ground, made: tuple[str, ...], trial: Trial) -> Iterator[Way]:
    model = trial.names["model"]
    made += tuple(
        f"model.{name}()"
        for name in members(model, names.RESET)
        if not any(is_required(p) for p in parameters(getattr(model, name)))
    )
    for name in _entries(model):
        method = getattr(model, name)
        for call in calls(f"model.{name}", method, ground.pool, FORWARD_ROLES, fallback=GUESSED):
            ran = ground.tried([*made, f"out = {call.text}"])
            if ran.error is not None:
                continue
            slots, lazy = _slots(ground, made, call, trial, ran)
            first = (f"{call.text}  # makes its weights",) if lazy else ()
            if slots and _says_something(ground, ran):
                yield Way(made=(*made, *first), slots=slots, call=call)


def _says_something(ground: Ground, ran: Trial) -> bool:
    """Return whether an answer has the shape of states or logits, or is a number: a loss, say."""
    found = ground.leaves(ran, "out", "model")
    seen = ground.seen(found, "tanh", ground.case)
    return bool(seen) or any(leaf.array.size == 1 for leaf in found if "out" in leaf.expression)


def _entries(owner: Any) -> list[str]:
    """Return names that may run the network: forward passes, then functions that do all at once."""
    found = members(owner, names.FORWARD)
    for pattern in (names.LOSS, names.BACKWARD, names.TRAIN):
        found += [n for n in members(owner, pattern) if n not in found]
    return found + others(owner, found)


def _slots(
    ground: Ground, made: tuple[str, ...], call: Call, before: Trial, after: Trial
) -> tuple[tuple[Slot, ...], bool]:
    """Return the slots of `model`, and whether only a call makes them."""
    sizes = {n: getattr(ground.config, n) for n in ("features", "hidden", "classes")}
    found = in_object(ground.leaves(before, "model"), ground.axes, sizes)
    lazy = ("W_h",) not in found and not any(len(parts) > 1 for parts in found)
    if lazy:
        found = in_object(ground.leaves(after, "model"), ground.axes, sizes)
        made = (*made, f"out = {call.text}")
    if ("W_h",) not in found and not any(len(parts) > 1 for parts in found):
        return (), False
    chosen: list[Slot] = []
    for parts, slots in found.items():
        moving = [s for s in slots if _moves(ground, made, call, s)] if len(slots) > 1 else slots
        chosen += _chosen(ground, parts, moving or slots)
    return tuple(chosen), lazy


def _chosen(ground: Ground, parts: tuple[str, ...], slots: list[Slot]) -> list[Slot]:
    """Return which slots hold `parts`, where several have their shape and move the answer."""
    if parts == ("b",) and len(slots) > 1:
        return [slots[0], *(s.having(replace(s.forms[0], parts=())) for s in slots[1:])]
    if parts == ("W_x",) and ground.data == "vocabulary" and len(slots) > 1:
        return [slot.having(*slot.forms, *_as_head(slot).forms) for slot in slots[:2]]
    return slots[:1]


def _as_head(slot: Slot) -> Slot:
    layout = {"FH": "CH", "HF": "HC"}[slot.forms[0].layout]
    return slot.having(Form(parts=("W_out",), layout=layout))


def _moves(ground: Ground, made: tuple[str, ...], call: Call, slot: Slot) -> bool:
    """Return whether a little more in a slot changes what a call answers."""
    answers = []
    for bump in ((), (f"{slot.target}[...] = {slot.target} + 0.125",)):
        trial = ground.tried([*made, *bump, f"out = {call.text}"])
        if trial.error is not None:
            return False
        found = ground.leaves(trial, "out", "model")
        found = [leaf for leaf in found if leaf.expression.startswith("out")] or found
        answers.append([leaf.array for leaf in found if leaf.expression != slot.target])
    pairs = list(zip(*answers, strict=False))
    return any(not np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _of_function(ground: Ground, function: Any) -> Iterator[Way]:
    """Yield ways to call a function that takes its weights, or finds them in globals."""
    name = f"theirs.{function.__name__}"
    local: dict[str, str] = {}
    slots: list[Slot] = []
    made: list[str] = []
    for parameter in parameters(function):
        if is_like(parameter.name, VALUES["parameters"]) and is_required(parameter):
            if (inside := held(ground, function, parameter.name)) is not None:
                made.append(f"{parameter.name} = {inside[0]}")
                slots += inside[1]
                local[parameter.name] = parameter.name
        elif is_weight(parameter.name):
            forms = by_name(parameter.name)
            slots.append(Slot(target=parameter.name, forms=forms))
            local[parameter.name] = parameter.name
    for found in held_globally(ground, function):
        slots.append(found) if isinstance(found, Slot) else made.append(found)
    if "W_h" not in {part for slot in slots for part in slot.parts}:
        return
    slots = with_second_bias(slots)
    pool = Pool(values=ground.pool.values, locals=local)
    for call in calls(name, function, pool, FORWARD_ROLES, fallback=GUESSED):
        yield Way(made=tuple(made), slots=tuple(slots), call=call)
