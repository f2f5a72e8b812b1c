"""Expressions: the short Python expressions of a binding, evaluated and assigned to.

A place is an expression that an array can be written to: `Wxh.T`, `params["Wx"]`, `W[:hidden]`,
`bias[:, 0]`, `bias_ih + bias_hh`. Names are looked up one by one, so that an expression sees only
those that it uses.
"""

import ast
import builtins
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.model.biases import shares
from parity.model.case import Array
from parity.model.errors import SubjectError

Lookup = Callable[[str], Any]
"""Returns the value of a name; raises KeyError for an unknown one."""


PLACE = "<binding>"
"""The name that tracebacks show for an expression of a binding."""


class PlaceError(SubjectError):
    """An array cannot be written to a place; the message says why."""


@dataclass(frozen=True, kw_only=True)
class _Parsed:
    code: CodeType
    names: frozenset[str]
    tree: ast.expr


@functools.lru_cache(8192)
def parsed(text: str) -> _Parsed:
    """Return the compiled expression. Raises SubjectError where it is not one."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        raise SubjectError(f"{text!r} is not a Python expression") from error
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return _Parsed(code=compile(tree, PLACE, "eval"), names=frozenset(names), tree=tree.body)


def names_in(text: str) -> frozenset[str]:
    """Return the names that an expression uses."""
    return parsed(text).names


def evaluate(text: str, lookup: Lookup) -> Any:
    """Return the value of an expression. Raises NameError for an unknown name."""
    expression = parsed(text)
    known: dict[str, Any] = {"__builtins__": builtins}
    for name in expression.names:
        try:
            known[name] = lookup(name)
        except KeyError:
            continue  # a builtin, a name that a comprehension binds, or a NameError
    return eval(expression.code, known)  # noqa: S307 - a binding is the user's own code


def has_blank(text: str) -> bool:
    """Return whether an expression is `...`, or hands it over: a person has to fill it in."""
    tree = parsed(text).tree
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(map(_is_blank, (tree, *(argument for call in calls for argument in call.args))))


def _is_blank(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value is ...


# -- places ----------------------------------------------------------------------------------------


def assign(text: str, value: Array, lookup: Lookup) -> None:
    """Write `value` to a place: into the array that is there if it fits, or as a new array.

    A sum of two places gets two arrays that differ, and whose sum is exactly `value`: a network
    with two biases has both.
    Raises PlaceError where neither is possible.
    """
    if (both := summands(text)) is not None:
        for place, share in zip(both, shares(value), strict=True):
            assign(place, share, lookup)
    elif not _written_into(text, value, lookup):
        _replaced(parsed(text).tree, value, lookup)


def summands(text: str) -> tuple[str, str] | None:
    """Return the two places of a sum, as in `bias_ih + bias_hh`; None for any other place."""
    tree = parsed(text).tree
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        return ast.unparse(tree.left), ast.unparse(tree.right)
    return None


def put(text: str, value: Any, lookup: Lookup) -> None:
    """Set a name, an attribute or an item, whatever has been there: a size that code reads."""
    _put(parsed(text).tree, value, lookup)


def is_transposed(text: str) -> bool:
    """Return whether a place has an odd number of `.T` or `.transpose()`, as in `W.T[:hidden]`."""
    tree, turned = parsed(text).tree, False
    while True:
        match tree:
            case ast.Attribute(value=inner, attr="T"):
                tree, turned = inner, not turned
            case ast.Call(func=ast.Attribute(value=inner, attr="transpose"), args=[]):
                tree, turned = inner, not turned
            case ast.Subscript(value=inner):
                tree = inner
            case _:
                return turned


def _written_into(text: str, value: Array, lookup: Lookup) -> bool:
    """Write into the array at a place, if it has the shape; return whether it has worked."""
    there = _there(parsed(text).tree, lookup)
    if not borders.write(there, value):
        return False
    return borders.holds(evaluate(text, lookup), value)  # a copy would not have changed


def _replaced(tree: ast.expr, value: Array, lookup: Lookup) -> None:
    """Undo the views of a place on the value, and put it where the array itself is held."""
    match tree:
        case ast.Attribute(value=inner, attr="T"):
            _replaced(inner, value.T, lookup)
        case ast.Call(func=ast.Attribute(value=inner)):
            _replaced(inner, _untransposed(tree, value), lookup)
        case ast.Subscript(value=inner, slice=key) if _is_view(inner, key, lookup):
            _replaced(inner, value[_new_axes(key)], lookup)
        case _:
            _put(tree, np.array(value), lookup)


def _is_view(inner: ast.expr, key: ast.expr, lookup: Lookup) -> bool:
    """Return whether `inner[key]` is a view of an array, not an entry of a list or dictionary."""
    return _new_axes(key) is not None and not isinstance(_there(inner, lookup), (dict, list))


def _there(tree: ast.expr, lookup: Lookup) -> Any:
    """Return what is at a place now; None where nothing has been set."""
    try:
        return evaluate(ast.unparse(tree), lookup)
    except Exception:  # noqa: BLE001 - whatever somebody's object raises
        return None


def _put(tree: ast.expr, value: Any, lookup: Lookup) -> None:
    text = ast.unparse(tree)
    try:
        match tree:
            case ast.Attribute(value=owner, attr=name):
                owned = evaluate(ast.unparse(owner), lookup)
                setattr(owned, name, borders.like(getattr(owned, name, None), value))
            case ast.Subscript(value=owner, slice=key):
                owned, at = evaluate(ast.unparse(owner), lookup), _key(key, lookup)
                old = owned[at] if not isinstance(owned, dict) or at in owned else None
                if isinstance(owned, np.ndarray) or not _is_global(owner, lookup):
                    _refuse_shape(text, old, value)
                owned[at] = borders.like(old, value)
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, name, *_]):
                named = evaluate(ast.unparse(name), lookup)
                setattr(evaluate(ast.unparse(owner), lookup), named, value)
            case ast.Name(id=name):
                owner = lookup(f"{name}@owner")
                if isinstance(owner, Mapping):
                    owner[name] = borders.like(owner.get(name), value)  # type: ignore[index]
                else:
                    setattr(owner, name, borders.like(getattr(owner, name, None), value))
            case _:
                _refuse(text)
    except PlaceError:
        raise
    except Exception as error:
        raise PlaceError(f"`{text}` cannot be set: {type(error).__name__}: {error}") from error


def _is_global(tree: ast.expr, lookup: Lookup) -> bool:
    """Return whether a dictionary is one of a module's: its arrays have the author's sizes."""
    if not isinstance(tree, ast.Name):
        return False
    owner = lookup(f"{tree.id}@owner")
    return isinstance(owner, dict) and "__name__" in owner


def _refuse(text: str) -> None:
    raise PlaceError(f"`{text}` is not a place that an array can be written to")


def _refuse_shape(text: str, old: Any, value: Array) -> None:
    if not isinstance(old, np.ndarray):
        return
    if old.shape != value.shape and old.size != value.size:
        raise PlaceError(f"`{text}` has shape {np.shape(old)}, and not {value.shape}")


def _key(tree: ast.expr, lookup: Lookup) -> Any:
    return evaluate(ast.unparse(tree), lookup)


def _new_axes(index: ast.expr) -> tuple[Any, ...] | None:
    """Return the index that undoes `[:, 0]`, `[0]` or `[None]`; None for any other.

    A new axis undoes a 0, and a 0 undoes a new axis.
    """
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    undone: list[Any] = []
    for part in parts:
        if isinstance(part, ast.Slice) and part.lower is part.upper is part.step is None:
            undone.append(slice(None))
        elif isinstance(part, ast.Constant) and part.value == 0 and type(part.value) is int:
            undone.append(None)
        elif isinstance(part, ast.Constant) and part.value is None:
            undone.append(0)
        else:
            return None
    return tuple(undone)


def _untransposed(call: ast.Call, value: Array) -> Array:
    """Return `value` before `.transpose(...)`, `.swapaxes(...)` or a reshape to its shape."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    try:
        axes = [ast.literal_eval(argument) for argument in call.args]
    except ValueError:
        axes = []
    if name == "swapaxes" and len(axes) == 2:
        return value.swapaxes(*axes)
    if name == "transpose" and (axes or value.ndim == 2):
        flat = list(axes[0]) if axes and isinstance(axes[0], tuple) else axes
        return value.transpose(np.argsort(flat)) if flat else value.T
    raise PlaceError(f"`{ast.unparse(call)}` is not a place that an array can be written to")
