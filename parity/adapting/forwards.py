"""Forwards: how somebody's network is made, given weights and asked for its states."""

import ast
import builtins
import dis
import inspect
import itertools
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity.adapting import names
from parity.adapting.calls import (
    Call,
    Pool,
    calls,
    constructions,
    is_required,
    members,
    others,
    parameters,
)
from parity.adapting.ground import Ground, Seen
from parity.adapting.names import VALUES, is_like, role
from parity.adapting.slots import Form, Slot, by_name, in_object
from parity.adapting.trial import Trial

VARIANTS = 96
"""Combinations of forms of weights that are tried."""

CONSTRUCTIONS = 24


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Lines that make a network, set its weights and call it, and what the answer is."""

    made: tuple[str, ...]  # lines before the weights
    slots: tuple[tuple[Slot, Form], ...]
    call: Call
    seen: dict[str, Seen]
    activation: str
    asks: dict[str, str] = field(default_factory=dict)
    loop: tuple[str, ...] = ()  # lines instead of one call

    @property
    def lines(self) -> list[str]:
        """All lines up to the answer, which is `out`."""
        weights = [slot.line(form) for slot, form in self.slots]
        return [*self.made, *weights, *(self.loop or (f"out = {self.call.text}",))]

    @property
    def score(self) -> float:
        """How much of the answer is right."""
        states = [self.seen[kind].share for kind in ("hidden", "last") if kind in self.seen][:1]
        right = sum(seen.share for seen in self.seen.values())
        return right + 2 * (states == [1])

    @property
    def exact(self) -> bool:
        """Whether everything that was recognised is right."""
        return is_exact(self.seen)

    @property
    def roots(self) -> tuple[str, ...]:
        """The names in which answers are found."""
        return ("out", "model") if any("model =" in line for line in self.made) else ("out",)


def is_exact(seen: dict[str, Seen]) -> bool:
    """Return whether what says most about a forward pass is right."""
    states = [seen[kind].share for kind in ("hidden", "last") if kind in seen][:1]
    head = [seen[kind].share for kind in ("every_logits", "logits", "loss") if kind in seen][:1]
    return bool(states or head) and all(share == 1 for share in (*states, *head))


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to call a forward pass that runs; its weights are not yet the case's."""

    made: tuple[str, ...]
    slots: tuple[Slot, ...]
    call: Call
    loop: tuple[str, ...] = ()


def forwards(ground: Ground) -> Iterator[Forward]:
    """Yield the forward passes that are right, as they are found; without one, the nearest."""
    best: Forward | None = None
    end = time.monotonic() + SECONDS
    for way in _ways(ground):
        if time.monotonic() > end:
            break
        found = max(_with_weights(ground, way), key=lambda one: one.score, default=None)
        if found is not None and found.exact:
            yield found
        if found is not None and (best is None or found.score > best.score + 1e-9):
            best = found
    if best is not None and not best.exact:
        yield best


def _with_weights(ground: Ground, way: Way) -> Iterator[Forward]:
    """Yield a way with the case's weights in every form that they may have."""
    every = itertools.product(*(slot.forms for slot in way.slots))
    variants = (forms for forms in every if _once_each(forms))
    ordered = sorted(itertools.islice(variants, 4096), key=_mixture)
    for number, forms in enumerate(ordered[:VARIANTS]):
        pairs = tuple(zip(way.slots, forms, strict=True))
        found = Forward(
            made=way.made, slots=pairs, call=way.call, seen={}, activation="tanh", loop=way.loop
        )
        if _is_fixed(ground, found):
            fixed = tuple((replace(s, in_place=True), f) for s, f in found.slots)
            found = replace(found, slots=fixed)
        for activation in ("tanh", "relu"):
            judged = _judged(ground, replace(found, activation=activation))
            if judged is None:
                error = ground.tried(found.lines).error if number == 0 else None
                if isinstance(error, (TypeError, IndexError)):
                    return  # not for want of a shape
                break
            if activation == "tanh" or judged.exact:
                yield judged
            if judged.exact:
                return


def _once_each(forms: Sequence[Form]) -> bool:
    parts = [part for form in forms for part in form.parts]
    return len(parts) == len(set(parts))


def _is_fixed(ground: Ground, found: Forward) -> bool:
    """Return whether weights are in a tuple, so that they can only be written into."""
    error = ground.tried(found.lines, ground.case).error
    return isinstance(error, TypeError) and "item assignment" in str(error)


def _mixture(forms: Sequence[Form]) -> int:
    """Return how many manners are mixed: mostly all weights stand upright, or all are turned."""
    lying = {"HF", "CH", "columns"}
    turned = {
        form.turned or form.layout in lying for form in forms if form.parts not in ((), ("b",))
    }
    wide = {len(f.layout) for f in forms if f.parts in (("b",), ("b_out",), ())}
    return 2 * len(turned) + len(wide)


def _judged(ground: Ground, found: Forward) -> Forward | None:
    """Return a forward pass with what it answers, from h_0 or from zero; None if it fails."""
    asks = asked_of_bias(found)
    best: Forward | None = None
    for more in ({}, FROM_ZERO):
        case = ground.asked(asks | more)
        trial = ground.tried(found.lines, case)
        if trial.error is not None:
            return None
        seen = ground.seen(ground.leaves(trial, *found.roots), found.activation, case)
        judged = replace(found, seen=seen, asks=asks | more)
        if seen and (best is None or judged.score > best.score + 1e-9):
            best = judged
        if judged.exact:
            break
    return best


FROM_ZERO = {"initial": "zero"}


def asked_of_bias(found: Forward) -> dict[str, str]:
    """Return what a network without a bias somewhere can be asked."""
    parts = {part for _, form in found.slots for part in form.parts}
    lacks = "b" not in parts or ("W_out" in parts and "b_out" not in parts)
    return {"bias": "zero"} if lacks else {}


# -- ways to call ----------------------------------------------------------------------------------


def _ways(ground: Ground) -> Iterator[Way]:
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


FORWARD_ROLES = ("h_0", "one_hot", "labels", "x")

GUESSED = ("x", "h_0", "labels", "one_hot")
"""What a parameter may stand for whose name says nothing."""

SECONDS = 8.0
"""How long ways into one class or module are tried, in one manner of asking."""


def _says_something(ground: Ground, ran: Trial) -> bool:
    """Return whether an answer has the shape of states or logits, or is a number: a loss, say."""
    found = ground.leaves(ran, "out", "model")
    seen = ground.seen(found, "tanh", ground.case)
    return bool(seen) or any(leaf.array.size == 1 for leaf in found if "out" in leaf.expression)


def _entries(owner: Any) -> list[str]:
    """Return the names of what may run the network: forward passes, then what does all at once."""
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
            held = _held(ground, function, parameter.name)
            if held:
                made.append(f"{parameter.name} = {held[0]}")
                slots += held[1]
                local[parameter.name] = parameter.name
        elif _is_weight(parameter.name):
            forms = by_name(parameter.name)
            slots.append(Slot(target=parameter.name, forms=forms))
            local[parameter.name] = parameter.name
    for held_globally in _globals(ground, function):
        slots.append(held_globally) if isinstance(held_globally, Slot) else made.append(
            held_globally
        )
    if "W_h" not in {part for slot in slots for part in slot.parts}:
        return
    slots = _with_second_bias(slots)
    pool = Pool(values=ground.pool.values, locals=local)
    for call in calls(name, function, pool, FORWARD_ROLES, fallback=GUESSED):
        yield Way(made=tuple(made), slots=tuple(slots), call=call)


def _made_by(ground: Ground, name: str) -> tuple[str, list[Slot]] | None:
    """Return a call of the module's own function that makes all weights, and their slots."""
    for maker in members(ground.module, names.MAKER):
        function = getattr(ground.module, maker)
        if isinstance(function, type):
            continue
        for call in itertools.islice(constructions(f"theirs.{maker}", function, ground.module), 12):
            trial = ground.tried([f"{name} = {call.text}"])
            sizes = {n: getattr(ground.config, n) for n in ("features", "hidden", "classes")}
            found = (
                in_object(ground.leaves(trial, name), ground.axes, sizes) if not trial.error else {}
            )
            if ("W_h",) in found or any(len(parts) > 1 for parts in found):
                slots = [
                    slot for parts in found for slot in found[parts][: 2 if parts == ("b",) else 1]
                ]
                return call.text, slots
    return None


def _is_weight(name: str) -> bool:
    return role(name, names.WEIGHTS) is not None and name not in ("x", "h", "y")


def _with_second_bias(slots: list[Slot]) -> list[Slot]:
    """Return the slots with the second of two biases of the layer as zero."""
    found: list[Slot] = []
    seen = False
    for slot in slots:
        is_bias = slot.parts == {"b"}
        zero = tuple(replace(form, parts=()) for form in slot.forms)
        found.append(slot.having(*zero) if is_bias and seen else slot)
        seen = seen or is_bias
    return found


def _held(ground: Ground, function: Any, name: str) -> tuple[str, list[Slot]] | None:
    """Return how a parameter that holds all weights begins, and its slots: by key, or by place."""
    if (made := _made_by(ground, name)) is not None:
        return made
    keys = [key for key in _strings(ground.module) if _is_weight(key)]
    if keys:
        slots = [Slot(target=f"{name}[{key!r}]", forms=by_name(key)) for key in keys]
        return "{}", slots
    places = _unpacked(function, name)
    if not places:
        return None
    slots = [
        Slot(target=f"{name}[{i}]", forms=forms)
        for i, (n, forms) in enumerate(zip(places, _all_forms(places), strict=True))
    ]
    return f"[None] * {len(places)}", slots


def _unpacked(function: Any, name: str) -> list[str]:
    """Return the names that a function unpacks a parameter into: U, W, b = weights."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return []
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names_)], value=ast.Name(id=held)):
                if held == name and all(isinstance(n, ast.Name) for n in names_):
                    return [n.id for n in names_ if isinstance(n, ast.Name)]
    return []


def _all_forms(names_: Sequence[str]) -> list[tuple[Form, ...]]:
    """Return the forms of weights that are held together: a bare W is the one that is missing."""
    known = {role(n, names.WEIGHTS) for n in names_}
    missing = [part for part in ("W_h", "W_x", "W_out") if part not in known]
    bare = {"W_h": "W_h", "W_x": "W_x", "W_out": "W_out"}
    found = []
    for n in names_:
        part = role(n, names.WEIGHTS)
        found.append(by_name(n if part else bare[missing.pop(0)]))
    return found


def _strings(module: Any) -> list[str]:
    """Return the text constants of a module's own functions, in the order in which they stand."""
    found: dict[str, None] = {}
    for value in vars(module).values():
        code = getattr(value, "__code__", None)
        if code is not None and getattr(value, "__module__", "") == module.__name__:
            for constant in code.co_consts:
                for text in constant if isinstance(constant, tuple) else (constant,):
                    if isinstance(text, str) and text.isidentifier():
                        found[text] = None
    return list(found)


def _globals(ground: Ground, function: Any) -> Iterator[Slot | str]:
    """Yield slots for weights that a function finds in globals, and lines for missing sizes."""
    taken = {p.name for p in parameters(function)}
    for name in dict.fromkeys(_global_names(ground.module, function)):
        value = vars(ground.module).get(name)
        if name in taken or callable(value) or isinstance(value, type(np)):
            continue
        size = role(name, names.SIZES)
        if isinstance(value, np.ndarray) or (value is None and _is_weight(name) and len(name) > 1):
            if _is_weight(name):
                yield Slot(target=f"theirs.{name}", forms=by_name(name))
        elif size is not None and (value is None or isinstance(value, int)):
            yield f"theirs.{name} = {'case.lr' if size == 'lr' else f'config.{size}'}"


def _global_names(module: Any, function: Any) -> Iterator[str]:
    """Yield the globals that a function and those it calls refer to."""
    seen: set[str] = set()
    todo = [function]
    while todo:
        code = getattr(todo.pop(), "__code__", None)
        loads = dis.get_instructions(code) if code is not None else ()
        for name in (i.argval for i in loads if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")):
            if name in seen or hasattr(builtins, name) or name in ("np", "numpy"):
                continue
            seen.add(name)
            value = vars(module).get(name)
            if callable(value) and getattr(value, "__module__", "") == module.__name__:
                todo.append(value)
            yield name
