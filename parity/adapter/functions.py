"""Functions: the weights that somebody's functions use: arguments, containers, globals."""

import ast
import builtins
import dis
import inspect
import itertools
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.calls import constructions, members, parameters
from parity.adapter.ground import Ground
from parity.adapter.names import role
from parity.adapter.slots import Form, Slot, by_name, in_object


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


def is_weight(name: str) -> bool:
    """Return whether a parameter, key or global of this name holds weights."""
    return role(name, names.WEIGHTS) is not None and name not in ("x", "h", "y")


def with_second_bias(slots: list[Slot]) -> list[Slot]:
    """Return the slots with the second of two biases of the layer as zero."""
    found: list[Slot] = []
    seen = False
    for slot in slots:
        is_bias = slot.parts == {"b"}
        zero = tuple(replace(form, parts=()) for form in slot.forms)
        found.append(slot.having(*zero) if is_bias and seen else slot)
        seen = seen or is_bias
    return found


def held(ground: Ground, function: Any, name: str) -> tuple[str, list[Slot]] | None:
    """Return how a parameter that holds all weights begins, and its slots: by key, or by place."""
    if (made := _made_by(ground, name)) is not None:
        return made
    keys = [key for key in _strings(ground.module) if is_weight(key)]
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


def held_globally(ground: Ground, function: Any) -> Iterator[Slot | str]:
    """Yield slots for weights that a function finds in globals, and lines for missing sizes."""
    taken = {p.name for p in parameters(function)}
    for name in dict.fromkeys(_global_names(ground.module, function)):
        value = vars(ground.module).get(name)
        if name in taken or callable(value) or isinstance(value, type(np)):
            continue
        size = role(name, names.SIZES)
        if isinstance(value, np.ndarray) or (value is None and is_weight(name) and len(name) > 1):
            if is_weight(name):
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
