"""Makings: calls that make an object with any number of layers, or with two directions.

In: a class and the call that makes one layer. Out: calls with `layers` or `bidirectional` in the
place of the parameter, or of the list, that says how many there are.
"""

import ast
from collections.abc import Iterator

from parity.adapter import names
from parity.adapter.search.calling.calls import is_required, parameters

LAYERS = (
    r"n?_?(num)?_?layers?",
    r"n_?layers?",
    r"depth",
    r"n?_?stack(s|ed)?",
    r"nlayers",
    r"n_?levels",
)


DIRECTIONS = (
    r"bi",
    r"bi_?dir(ectional)?",
    r"is_?bi.*",
    r".*bidirectional.*",
)


def makings_of(cls: type, make: str, option: str) -> Iterator[str]:
    """Yield the call that makes an object with that many layers, or directions."""
    words = {"layers": LAYERS, "bidirectional": DIRECTIONS}[option]
    tree = ast.parse(make, mode="eval").body
    if not isinstance(tree, ast.Call):
        return
    named = [p for p in parameters(cls) if names.is_like(p.name, words)]
    for parameter in named:
        place = [p.name for p in parameters(cls)].index(parameter.name)
        if place < len(tree.args):
            args = [ast.unparse(a) for a in tree.args]
            args[place] = option
            rest = [f"{k.arg}={ast.unparse(k.value)}" for k in tree.keywords]
        else:
            args = [ast.unparse(a) for a in tree.args]
            kept = [k for k in tree.keywords if k.arg != parameter.name]
            rest = [
                *(f"{k.arg}={ast.unparse(k.value)}" for k in kept),
                f"{parameter.name}={option}",
            ]
        if not isinstance(parameter.default, (list, tuple)) or is_required(parameter):
            yield f"{ast.unparse(tree.func)}({', '.join([*args, *rest])})"
    if option == "layers":
        yield from _of_lists(tree)


def _of_lists(call: ast.Call) -> Iterator[str]:
    """Yield the call with a list of sizes, or of cells, with as many as there are layers."""
    for place, argument in enumerate(call.args):
        new = None
        match argument:
            case ast.List(elts=[ast.Call() as cell]) | ast.Tuple(elts=[ast.Call() as cell]):
                one = ast.unparse(cell).replace("features", "(width if k else features)")
                new = f"[{one} for k in range(layers)]"
            case ast.List(elts=elts) | ast.Tuple(elts=elts):
                sizes = [ast.unparse(e) for e in elts]
                if sizes.count("hidden") == 1:
                    at = sizes.index("hidden")
                    new = f"[{', '.join([*sizes[:at], '*[hidden] * layers', *sizes[at + 1 :]])}]"
        if new is not None:
            args = [ast.unparse(a) for a in call.args]
            args[place] = new
            rest = [f"{k.arg}={ast.unparse(k.value)}" for k in call.keywords]
            yield f"{ast.unparse(call.func)}({', '.join([*args, *rest])})"
