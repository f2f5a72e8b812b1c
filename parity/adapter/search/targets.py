"""Targets: which class of a module, or its functions, is the network."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from types import ModuleType

from parity.adapter import names
from parity.adapter.attempts import Attempts
from parity.adapter.search.search import Found, search
from parity.adapter.search.static import global_names
from parity.adapter.search.trials import Target

ATTEMPTS = 12_000
"""Attempts of one search, at most: then it ends with the best that it has found."""


def best_of(module: ModuleType, name: str) -> tuple[Found | None, Target]:
    """Return what was found of a class or function; without a name, of the best in a module."""
    best: Found | None = None
    chosen = Target(module=module, name="", attempts=Attempts(most=0))
    left = ATTEMPTS
    for own in _names(module, name):
        target = Target(
            module=module, name=own, attempts=Attempts(most=left), tensors=_tensors(module)
        )
        found = search(target)
        left -= target.attempts.made
        if chosen.attempts.most == 0:
            chosen = target
        if found is not None and (best is None or _rank(found) > _rank(best)):
            best, chosen = found, target
        if best is not None and best.is_complete and best.whole.forward.is_right:
            break
        if left <= 0:
            break
    return best, chosen


def _rank(found: Found) -> tuple[float, ...]:
    return found.rank


def _tensors(module: ModuleType) -> bool:
    return any(isinstance(v, ModuleType) and v.__name__ == "torch" for v in vars(module).values())


def _names(module: ModuleType, name: str) -> Iterator[str]:
    """Yield the classes of a module, the likeliest first, and "" for its functions."""
    if name:
        yield name if isinstance(getattr(module, name), type) else ""
        return
    own = [
        n
        for n, v in vars(module).items()
        if isinstance(v, type) and v.__module__ == module.__name__
    ]
    likely = {n: _likely(getattr(module, n)) for n in own}
    whole = {n: _with_parts(getattr(module, n), likely) for n in own}
    own.sort(key=lambda n: -whole[n])
    yield from (n for n in own if whole[n] > 0)
    yield ""
    yield from (n for n in own if whole[n] <= 0)


def _with_parts(cls: type, likely: Mapping[str, float]) -> float:
    """Return how likely a class is: one that makes an object of a likely class comes before it."""
    methods = [n for kind in cls.__mro__[:-1] for n in vars(kind)]
    score = likely.get(cls.__name__, 0.0)
    if not any(names.is_like(n, names.FORWARD[:9]) for n in methods):
        return score
    used = {n for method in vars(cls).values() for n in global_names(method) if callable(method)}
    made = [n for n in likely if n != cls.__name__ and n in used]
    return max([score, *(likely[n] + 1.0 for n in made if likely[n] > 0)])


def _likely(cls: type) -> float:
    """Return how much a class looks like a recurrent network, by its methods and its text."""
    methods = [n for kind in cls.__mro__[:-1] for n in vars(kind)]
    score = 2.0 * any(names.is_like(n, names.FORWARD[:9]) for n in methods)
    score += 1.0 * any(names.is_like(n, (*names.BACKWARD, *names.TRAIN)) for n in methods)
    text = _text(cls)
    if not text:
        return score
    loops = sum(isinstance(node, (ast.For, ast.While)) for node in ast.walk(_tree(text)))
    matrices = text.count("@") + text.count("dot(") + text.count("matmul")
    return score * (matrices > 0) + 1.0 * (loops > 0 and matrices > 0) - 1.0


def _text(cls: type) -> str:
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return ""


def _tree(text: str) -> ast.AST:
    try:
        return ast.parse(inspect.cleandoc("\n" + text))
    except SyntaxError:
        return ast.Module([], [])
