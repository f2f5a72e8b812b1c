"""Templates: what is said of the first layer or direction, said of every one.

| of the first             | of every one                                                       |
|--------------------------|--------------------------------------------------------------------|
| `Wx[0].T`                | `Wx[layer].T`                                                      |
| `params["W1"]`           | `params[f"W{layer + 1}"]`                                          |
| `rnn.weight_ih_l0`       | `getattr(rnn, f"weight_ih_l{layer}{reverse}")`                     |
| `fwd.Wx`                 | `[fwd, bwd][direction].Wx`                                         |
"""

import ast
import copy
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from parity.adapter.borders import as_array
from parity.adapter.expressions import summands
from parity.adapter.search.leaves import attributes

Value = Callable[[str], Any]
"""Returns what an expression stands for in somebody's object."""

Edits = Callable[[ast.expr], Iterator[ast.expr]]

MOST = 24
"""Templates of one text, at most."""


def of_layers(text: str) -> Iterator[str]:
    """Yield the text with one number in it by the layer."""
    yield from _edited(text, _numbered)


def of_last(text: str) -> Iterator[str]:
    """Yield the text as it is, and then of the last layer: `states[0]` is `states[-1]`."""
    yield text
    yield from _edited(text, _last)


def of_directions(text: str, value: Value) -> Iterator[str]:
    """Yield the text with one part in it by the direction; `value` shows what else there is."""
    yield from _edited(text, _reversed)
    yield from _edited(text, _both)
    yield from _edited(text, lambda node: _paired(node, value))


def _edited(text: str, edits: Edits) -> Iterator[str]:
    """Yield the text with one of its nodes replaced; of a sum, the same in both summands."""
    both = summands(text)
    if both is not None:
        pairs = zip(_edited(both[0], edits), _edited(both[1], edits), strict=False)
        yield from (f"{first} + {second}" for first, second in pairs)
        return
    tree = ast.parse(text, mode="eval").body
    found = (
        ast.unparse(_replaced(tree, place, new))
        for place, node in enumerate(ast.walk(tree))
        if isinstance(node, ast.expr)
        for new in edits(node)
    )
    yield from itertools.islice(dict.fromkeys(found), MOST)


def _replaced(tree: ast.expr, place: int, new: ast.expr) -> ast.expr:
    """Return a copy of a tree in which the node at a place of its walk is another."""
    whole = ast.Expression(body=copy.deepcopy(tree))
    old = next(itertools.islice(ast.walk(whole.body), place, None))

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return new if node is old else self.generic_visit(node)

    swapped: ast.Expression = Swap().visit(whole)
    return swapped.body


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


# -- one node --------------------------------------------------------------------------------------


def _numbered(node: ast.expr) -> Iterator[ast.expr]:
    """Yield an item or an attribute of every layer."""
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=int(number))):
            if type(number) is int and number in (0, 1):
                yield _item(owner, _counted("layer", number))
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(key))):
            yield from (_item(owner, f"f{named!r}") for named in _with_layer(key))
        case ast.Attribute(value=owner, attr=name):
            yield from (_attribute(ast.unparse(owner), named) for named in _with_layer(name))
        case ast.Name(id=name):
            yield from (_attribute("self", named) for named in _with_layer(name))


def _last(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=int(number))):
            if type(number) is int and number == 0:
                yield _item(owner, "-1")
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(key))):
            for named in _with_layer(key):
                yield _item(owner, f"f{named.replace('layer', 'layers - 1')!r}")


def _reversed(node: ast.expr) -> Iterator[ast.expr]:
    """Yield an item or an attribute whose name ends in `_reverse` in the other direction."""
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(key))):
            yield _item(owner, f"f{key + '{reverse}'!r}")
        case ast.Subscript(value=owner, slice=ast.JoinedStr() as key):
            yield _item(owner, _ended(key))
        case ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.JoinedStr() as key]):
            yield _expression(f"getattr({ast.unparse(owner)}, {_ended(key)})")
        case ast.Attribute(value=owner, attr=name):
            yield _attribute(ast.unparse(owner), name + "{reverse}")
        case ast.Name(id=name):
            yield _attribute("self", name + "{reverse}")


def _both(node: ast.expr) -> Iterator[ast.expr]:
    """Yield an item of a list over directions, or over the directions of all layers."""
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=0)):
            yield _item(owner, "direction")
        case ast.Subscript(value=owner, slice=ast.Name(id="layer")):
            yield _item(owner, "directions * layer + direction")
            yield _item(owner, "layer + layers * direction")
            yield _expression(f"{ast.unparse(owner)}[layer][direction]")
            yield _expression(f"{ast.unparse(owner)}[direction][layer]")


def _paired(node: ast.expr, value: Value) -> Iterator[ast.expr]:
    """Yield a choice of two attributes or items that hold the same: `[fwd, bwd][direction]`."""
    match node:
        case ast.Attribute(value=owner, attr=name):
            whole = ast.unparse(owner)
            for other in _alike(attributes(_there(value, whole)), name):
                yield _expression(f"[{whole}.{name}, {whole}.{other}][direction]")
        case ast.Name(id=name):
            for other in _alike(attributes(_there(value, "self")), name):
                yield _expression(f"[{name}, {other}][direction]")
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(key))):
            held = _there(value, ast.unparse(owner))
            for other in _alike(held, key) if isinstance(held, dict) else ():
                yield _item(owner, f"[{key!r}, {other!r}][direction]")


def _there(value: Value, text: str) -> Any:
    try:
        return value(text)
    except Exception:  # noqa: BLE001 - whatever somebody's object raises
        return None


def _alike(held: Any, name: Any) -> list[Any]:
    """Return the other names under which the same kind of thing is held."""
    if name not in held:
        return []
    return [
        n for n, v in held.items() if n != name and v is not held[name] and _same(v, held[name])
    ]


def _same(one: Any, other: Any) -> bool:
    first, second = as_array(one), as_array(other)
    if first is not None or second is not None:
        return first is not None and second is not None and np.shape(first) == np.shape(second)
    plain = (int, str, bool, float, type(None))
    return type(one) is type(other) and not isinstance(one, plain)


def _with_layer(name: str) -> Iterator[str]:
    """Yield a name with one number in it by the layer: 'W{layer + 1}' of 'W1'."""
    for found in re.finditer(r"\d+", name):
        if int(found[0]) in (0, 1):
            counted = _counted("layer", int(found[0]))
            yield f"{name[: found.start()]}{{{counted}}}{name[found.end() :]}"


def _counted(name: str, first: int) -> str:
    return name if first == 0 else f"{name} + {first}"


def _item(owner: ast.expr, key: str) -> ast.expr:
    return _expression(f"{ast.unparse(owner)}[{key}]")


def _attribute(owner: str, named: str) -> ast.expr:
    return _expression(f"getattr({owner}, f{named!r})")


def _ended(key: ast.JoinedStr) -> str:
    """Return the text of a formatted string that ends in the direction."""
    return ast.unparse(ast.JoinedStr(values=[*key.values, *_expression("f'{reverse}'").values]))  # type: ignore[attr-defined]
