"""Keys: dictionaries of weights that a function is handed, and weights that are globals.

Which key is which parameter follows from its name, or else from trying; the layout from trying.
"""

import builtins
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.search.calling.static import global_names
from parity.adapter.search.forward.places import Hypothesis

VIEWS: Mapping[str, tuple[str, ...]] = {
    "W_x": ("", ".T"),
    "W_h": ("", ".T"),
    "W_out": ("", ".T"),
    "b": ("", "[0]", "[:, 0]"),
    "b_out": ("", "[0]", "[:, 0]"),
}
"""Views on an array that holds a parameter: as it is, transposed, a row, a column."""

STYLES = (("", ""), (".T", "[:, 0]"), ("", "[0]"), (".T", ""), (".T", "[0]"), ("", "[:, 0]"))
"""What the views of matrices and of biases usually are, together."""


def of_places(
    places: Sequence[tuple[str, str]], known: Mapping[str, tuple[int, ...]] | None = None
) -> Iterator[Hypothesis]:
    """Yield assignments of parameters to (name, place) pairs, the likeliest first.

    A name that says nothing can be any parameter that no other name is. `known`: the shapes of
    arrays that are there, which say how a bias is held.
    """
    fixed = {place: _bias_view(shape) for place, shape in (known or {}).items()}
    for assigned, penalty in _roles([name for name, _ in places]):
        pairs = [(role, place) for role, (_, place) in zip(assigned, places, strict=True) if role]
        for order, style in enumerate(_styles([role for role, _ in pairs])):
            views = tuple(
                fixed.get(place, view) if role.startswith("b") else view
                for view, (role, place) in zip(style, pairs, strict=True)
            )
            yield Hypothesis(
                places=_summed(pairs, views),
                leaves=dict(pairs),
                penalty=penalty + 0.25 * order,
            )


def _bias_view(shape: tuple[int, ...]) -> str:
    return {2: "[0]" if shape[0] == 1 else "[:, 0]"}.get(len(shape), "")


def _summed(pairs: Sequence[tuple[str, str]], views: Sequence[str]) -> dict[str, str]:
    """Return the text of each parameter's place; two places of one bias are added."""
    found: dict[str, str] = {}
    for (role, place), view in zip(pairs, views, strict=True):
        text = f"{place}{view}"
        found[role] = f"{found[role]} + {text}" if role in found else text
    return found


def _roles(keys: Sequence[str]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield which parameter each name is: by the names first; then by trying every order."""
    said = [names.role(key, names.WEIGHTS) or "" for key in keys]
    matrices = [role for role in said if role.startswith("W")]
    if "W_h" in said and "W_x" in said and len(set(matrices)) == len(matrices):
        yield tuple(said), 0.0
    count = len(keys)
    if 3 <= count <= 6:
        wanted = ["W_x", "W_h", "b", "W_out", "b_out"][: max(count, 2)]
        wanted += ["b"] * (count - len(wanted))
        for place, order in enumerate(dict.fromkeys(itertools.permutations(wanted))):
            yield order, 2.0 + 0.01 * place


def _styles(roles: Sequence[str]) -> Iterator[tuple[str, ...]]:
    known = []
    for matrix, bias in STYLES:
        known.append(tuple(matrix if role.startswith("W") else bias for role in roles))
    yield from dict.fromkeys(known)
    matrices = [i for i, role in enumerate(roles) if role.startswith("W")]
    for _, bias in STYLES[:3]:
        for turned in itertools.product(("", ".T"), repeat=len(matrices)):
            views = [bias] * len(roles)
            for place, view in zip(matrices, turned, strict=True):
                views[place] = view
            if tuple(views) not in known:
                yield tuple(views)


# -- globals ---------------------------------------------------------------------------------------


def globals_read(module: Any, functions: Sequence[Callable[..., Any]], depth: int = 4) -> list[str]:
    """Return the module's names that functions and what they call read, and missing ones."""
    found: dict[str, None] = {}
    seen: set[int] = set()
    queue = [(f, depth) for f in functions]
    while queue:
        function, left = queue.pop(0)
        if id(function) in seen:
            continue
        seen.add(id(function))
        for name in global_names(function):
            value = vars(module).get(name)
            own = getattr(value, "__module__", "") == module.__name__
            if isinstance(value, FunctionType) and own and left:
                queue.append((value, left - 1))
            elif not callable(value) and not hasattr(builtins, name):
                found[name] = None
    return list(found)


def weights_among(module: Any, read: Sequence[str]) -> list[tuple[str, str]]:
    """Return the globals, or items of a global dictionary, that may be weights: name and place."""
    found = []
    for name in read:
        value = vars(module).get(name)
        if name not in vars(module) and names.role(name, names.WEIGHTS):
            found.append((name, name))  # missing: made by a statement that was not executed
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f" and 1 <= value.ndim <= 2:
            found.append((name, name))
        elif isinstance(value, dict):
            inner = {
                k: v for k, v in value.items() if isinstance(v, np.ndarray) and isinstance(k, str)
            }
            found += [(key, f"{name}[{key!r}]") for key in inner]
    return found


def shapes_of(module: Any, places: Sequence[tuple[str, str]]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the globals among places, as their author left them."""
    found = {}
    for _, place in places:
        value = vars(module).get(place)
        if isinstance(value, np.ndarray):
            found[place] = value.shape
    return found


def sizes_among(module: Any, read: Sequence[str], sizes: Mapping[int, str]) -> dict[str, str]:
    """Return the globals that are sizes: `hidden`: `n_hidden`, by their names or their values.

    `sizes`: which size a number is, as the shapes of the weights say it.
    """
    found: dict[str, str] = {}
    for name in read:
        value = vars(module).get(name)
        if type(value) is not int and name in vars(module):
            continue
        role = sizes.get(value or 0) or names.role(name, names.SIZES)
        if role in ("features", "hidden", "classes") and role not in found:
            found[role] = name
    return found
