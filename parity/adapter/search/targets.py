"""Targets: which class of a module, or its functions, is the network."""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

from parity.adapter import names
from parity.adapter.attempts import Attempts
from parity.adapter.expressions import names_in
from parity.adapter.search.backward.steps_back import is_loop
from parity.adapter.search.search import Found, has_more, search
from parity.adapter.search.trials import Target

ATTEMPTS = 12_000
"""Attempts of one search, at most: then it ends with the best that it has found."""


def best_of(module: ModuleType, name: str) -> tuple[Found | None, Target]:
    """Return what was found of a class or function; without a name, of the best in a module.

    A class that calls another one comes before it: a layer before its cell.
    """
    first: Target | None = None
    found: list[tuple[Found, Target]] = []
    left = ATTEMPTS
    for own in _names(module, name):
        target = Target(
            module=module, name=own, attempts=Attempts(most=left), tensors=_tensors(module)
        )
        first = first or target
        one = search(target)
        left -= target.attempts.made
        if one is not None:
            found.append((one, target))
            if one.is_complete and one.whole.forward.is_right and not is_loop(one.whole.forward):
                break
        if left <= 0:
            break
    if not found:
        return None, first or Target(module=module, name="", attempts=Attempts(most=0))
    return max(found, key=lambda pair: _rank(pair[0], pair[1], found))


def _rank(
    found: Found, target: Target, among: list[tuple[Found, Target]]
) -> tuple[float | tuple[float, ...], ...]:
    """Return what decides between two: that gradients are wanted, and that no other calls it."""
    inner = is_loop(found.whole.forward) or any(
        one.is_certain and target.name and target.name in _uses(other, one)
        for one, other in among
        if other is not target
    )
    wanted = found.is_complete or has_more(target, found.whole)
    return found.is_certain, wanted, not inner, found.rank


def _uses(target: Target, found: Found) -> set[str]:
    """Return the names that a class uses, or is made with."""
    own = set() if target.cls is None else _mentioned(target.cls)
    return own | (names_in(found.binding.make) if found.binding.make else set())


def _mentioned(cls: type) -> set[str]:
    """Return the names that the methods of a class read."""
    try:
        tree = _tree(inspect.getsource(cls))
    except (OSError, TypeError):
        return set()
    bodies = [node for top in ast.walk(tree) if isinstance(top, ast.ClassDef) for node in top.body]
    return {n.id for body in bodies for n in ast.walk(body) if isinstance(n, ast.Name)}


def _tensors(module: ModuleType) -> bool:
    return any(isinstance(v, ModuleType) and v.__name__ == "torch" for v in vars(module).values())


def _names(module: ModuleType, name: str) -> Iterator[str]:
    """Yield the classes of a module, the likeliest first, and "" for its functions."""
    if name:
        yield name if isinstance(getattr(module, name), type) else ""
        return
    own = {
        n: v
        for n, v in vars(module).items()
        if isinstance(v, type) and v.__module__ == module.__name__
    }
    uses = {n: _mentioned(cls) & {*own} - {n} for n, cls in own.items()}
    used = set().union(*uses.values())
    alone = {n: _likely(cls) for n, cls in own.items()}
    likely = {n: max([alone[n], *(alone[other] for other in uses[n])]) for n in own}
    bases = {n: {b.__name__ for b in cls.__mro__[1:]} & {*own} for n, cls in own.items()}
    likely = {n: max([likely[n], *(likely[base] for base in bases[n])]) for n in own}
    derived = set().union(*bases.values())  # a class that another one changes is not the last word
    ordered = sorted(own, key=lambda n: (n in used, n in derived, -likely[n]))
    yield from (n for n in ordered if likely[n] > 0)
    yield ""
    yield from (n for n in ordered if likely[n] <= 0)


def _likely(cls: type) -> float:
    """Return how much a class looks like a recurrent network, by its methods and its text."""
    methods = [n for kind in cls.__mro__[:-1] for n in vars(kind)]
    score = 2.0 * any(names.is_like(n, names.FORWARD[:9]) for n in methods)
    score += 1.0 * any(names.is_like(n, (*names.BACKWARD, *names.TRAIN)) for n in methods)
    text = _text(cls)
    if not text:
        return score
    loops = sum(isinstance(node, (ast.For, ast.While)) for node in ast.walk(_tree(text)))
    matrices = sum(text.count(product) for product in PRODUCTS)
    return score * (matrices > 0) + 1.0 * (loops > 0 and matrices > 0) - 1.0


PRODUCTS = ("@", "dot(", "matmul", "mm(", "einsum", "tensordot", "Linear(")
"""Signs of a product of matrices in somebody's text."""


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
