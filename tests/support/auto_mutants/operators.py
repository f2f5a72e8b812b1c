"""Operators: the small edits that make mutants, each a function of one node of a syntax tree.

An operator takes a node and its scope and yields replacements for the node. It yields nothing where
it does not apply.
"""

import ast
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

UNWRAPPED = ("tanh", "exp", "log", "clip", "maximum", "minimum")
"""NumPy's functions that their argument can replace."""

FUNCTIONS = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "maximum": "minimum",
    "minimum": "maximum",
    "zeros_like": "ones_like",
    "tanh": "sin",
    "relu": "tanh",
    "tanh_slope": "relu_slope",
    "relu_slope": "tanh_slope",
}
"""Functions and methods, and another one that takes the same arguments."""

STRINGS = {"W_x": ("W_h",), "W_h": ("W_x",), "W_out": ("b_out",), "b_out": ("W_out",)}
"""Names of weights, and other names that fit in the same place."""

OPTIONS = {
    "batch": "steps",
    "steps": "batch",
    "hidden": "classes",
    "classes": "hidden",
    "clip_value": "clip_norm",
    "clip_norm": "clip_value",
    "momentum": "dampening",
    "dampening": "momentum",
    "weight_decay": "lr",
    "lr": "weight_decay",
}
"""Options of a configuration, and another number of the same role."""

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
}

STRICTNESS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}

AXES = {0: 1, 1: 0, -1: 0}


@dataclass(frozen=True)
class Scope:
    """The function that a node stands in."""

    function: ast.FunctionDef

    @functools.cached_property
    def indices(self) -> frozenset[int]:
        """The ids of all nodes in an index or an axis, which have their own operators."""
        found: list[ast.AST] = []
        for node in ast.walk(self.function):
            if isinstance(node, ast.Subscript):
                found.append(node.slice)
            elif isinstance(node, ast.keyword) and node.arg == "axis":
                found.append(node.value)
        return frozenset(id(inner) for node in found for inner in ast.walk(node))

    @functools.cached_property
    def bound(self) -> Mapping[str, int]:
        """The line from which each array of the function has a value: arguments and variables."""
        arguments = self.function.args.args
        found = {a.arg: a.lineno for a in arguments if _annotation(a) == "Array"}
        for node in ast.walk(self.function):
            if not isinstance(node, ast.Assign):
                continue
            targets = (inner for target in node.targets for inner in ast.walk(target))
            for name in (n.id for n in targets if isinstance(n, ast.Name) and _is_bound(n)):
                found[name] = min(found.get(name, node.lineno), node.lineno)
        return found

    def has_value(self, name: str, line: int) -> bool:
        """Whether an array has a value before the line."""
        return self.bound.get(name, line) < line

    def like(self, name: str, line: int) -> list[str]:
        """Other names of the same role that have a value before the line, at most two."""
        if name in self.bound:
            return [n for n in self.bound if n != name and self.has_value(n, line)][:2]
        arguments = {a.arg: _annotation(a) for a in self.function.args.args}
        kind = arguments.get(name)
        return [n for n, other in arguments.items() if n != name and kind and other == kind][:2]


def _is_bound(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _annotation(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation else ""


# -- arithmetic ------------------------------------------------------------------------------------


def swap_operator(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a - b for a + b, a / b for a * b, ... and back"""
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)


def swap_operands(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """b - a for a - b, b @ a for a @ b, ..."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.MatMult):
        yield ast.BinOp(node.right, node.op, node.left)


def flip_sign(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """a for -a; -a for a where it is returned"""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        if id(node) not in scope.indices:
            yield node.operand
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.BinOp):
        yield ast.Return(ast.UnaryOp(ast.USub(), node.value))


def drop_term(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """a, or b, for a + b and a - b"""
    if id(node) in scope.indices or not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, ast.Add | ast.Sub):
        yield from (node.left, node.right)


def drop_factor(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a, or b, for a * b, a / b and a @ b; a for a ** b"""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        yield from (node.left, node.right)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield node.left


def change_constant(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """n + 1 and n - 1 for a whole number, ten times another one; indices and axes apart"""
    if not isinstance(node, ast.Constant) or id(node) in scope.indices:
        return
    if type(node.value) is int:
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
    elif type(node.value) is float:
        yield ast.Constant(node.value * 10)


# -- arrays ----------------------------------------------------------------------------------------


def drop_transpose(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a for a.T and for a.swapaxes(0, 1)"""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif _is_method(node, "swapaxes"):
        yield cast("ast.Attribute", cast("ast.Call", node).func).value


def add_transpose(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a.T @ b and a @ b.T for a @ b"""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield ast.BinOp(ast.Attribute(node.left, "T", ast.Load()), node.op, node.right)
        yield ast.BinOp(node.left, node.op, ast.Attribute(node.right, "T", ast.Load()))


def shift_index(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """One more and one less in an index or in a slice's bound"""
    if not isinstance(node, ast.Subscript):
        return
    places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for number, place in enumerate(places):
        for shifted in _shifted_places(place):
            changed = [*places[:number], shifted, *places[number + 1 :]]
            whole = ast.Tuple(changed, ast.Load()) if len(changed) > 1 else shifted
            yield ast.Subscript(node.value, whole, node.ctx)


def _shifted_places(place: ast.expr) -> Iterator[ast.expr]:
    if not isinstance(place, ast.Slice):
        yield from _shifted(place)
        return
    yield from (ast.Slice(lower, place.upper, place.step) for lower in _shifted(place.lower))
    yield from (ast.Slice(place.lower, upper, place.step) for upper in _shifted(place.upper))


def _shifted(place: ast.expr | None) -> Iterator[ast.expr]:
    """One more and one less than a number, a sum with a number, or a step of time."""
    try:
        number = ast.literal_eval(place) if place else None
    except ValueError:
        number = None
    if type(number) is int:
        yield from (ast.Constant(number + 1), ast.Constant(number - 1))
    elif isinstance(place, ast.BinOp | ast.Name) and "t" in ast.unparse(place).split():
        yield from (ast.BinOp(place, op, ast.Constant(1)) for op in (ast.Add(), ast.Sub()))


def shift_range(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """One step less at the end of a range, and at its beginning"""
    if _is_function(node, "range"):
        call = cast("ast.Call", node)
        *start, end = call.args
        first = start[0] if start else ast.Constant(0)
        yield ast.Call(call.func, [*start, ast.BinOp(end, ast.Sub(), ast.Constant(1))], [])
        yield ast.Call(call.func, [ast.BinOp(first, ast.Add(), ast.Constant(1)), end], [])


def other_axis(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """axis=1 for axis=0, and back"""
    if isinstance(node, ast.keyword) and node.arg == "axis":
        yield ast.keyword("axis", ast.Constant(AXES[ast.literal_eval(node.value)]))


def drop_reversed(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a for reversed(a), and for a[::-1]"""
    if _is_function(node, "reversed"):
        yield cast("ast.Call", node).args[0]
    elif isinstance(node, ast.Slice) and node.step is not None:
        yield ast.Slice(node.lower, node.upper, None)


# -- calls and names -------------------------------------------------------------------------------


def unwrap_call(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a for np.tanh(a)"""
    if isinstance(node, ast.Call) and any(_is_method(node, name) for name in UNWRAPPED):
        yield node.args[0]


def swap_function(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a.mean() for a.sum(), np.minimum for np.maximum, ..."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if other := FUNCTIONS.get(node.func.attr):
        function = ast.Attribute(node.func.value, other, ast.Load())
        yield ast.Call(function, node.args, node.keywords)


def other_variable(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Another variable, weight or option of the same role"""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from (ast.Name(n, ast.Load()) for n in scope.like(node.id, node.lineno))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (ast.Constant(name) for name in STRINGS.get(node.value, ()))
    elif isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("config"):
        others = [OPTIONS[node.attr]] if node.attr in OPTIONS else []
        yield from (ast.Attribute(node.value, other, ast.Load()) for other in others)


# -- statements ------------------------------------------------------------------------------------


def drop_statement(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Nothing for a statement, but for a return and for the first value of a variable"""
    if isinstance(node, ast.Assign):
        first = (
            isinstance(target, ast.Name) and not scope.has_value(target.id, node.lineno)
            for target in node.targets
        )
        if not any(first):
            yield ast.Pass()
    elif isinstance(node, ast.AugAssign | ast.Expr | ast.If):
        yield ast.Pass()


def add_up(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """`+=` for `=` where the variable already has a value"""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        before = isinstance(target, ast.Subscript) or (
            isinstance(target, ast.Name) and scope.has_value(target.id, node.lineno)
        )
        if before:
            yield ast.AugAssign(cast("ast.Name", target), ast.Add(), node.value)


def overwrite(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """`=` for `+=` and for `|=`"""
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value)


# -- conditions ------------------------------------------------------------------------------------


def strictness(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a >= b for a > b, and back"""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in STRICTNESS:
        yield ast.Compare(node.left, [STRICTNESS[type(node.ops[0])]()], node.comparators)


def negate(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """The opposite of a condition; a for ~a; a != b for a == b; `and` for `or`"""
    if isinstance(node, ast.If):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        yield node.operand
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
        yield ast.Compare(node.left, [ast.NotEq()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values)


def take_branch(node: ast.AST, _: Scope) -> Iterator[ast.AST]:
    """a, or b, for `a if c else b` and for np.where(c, a, b)"""
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif _is_method(node, "where"):
        yield from cast("ast.Call", node).args[1:]


def _is_method(node: ast.AST, name: str) -> bool:
    """Whether it is a call of `something.name`."""
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr == name


def _is_function(node: ast.AST, name: str) -> bool:
    """Whether it is a call of `name`."""
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(function, ast.Name) and function.id == name


Operator = Callable[[ast.AST, Scope], Iterator[ast.AST]]

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        operator.__name__.replace("_", "-"): operator
        for operator in (
            *(swap_operator, swap_operands, flip_sign, drop_term, drop_factor, change_constant),
            *(drop_transpose, add_transpose, shift_index, shift_range, other_axis, drop_reversed),
            *(unwrap_call, swap_function, other_variable),
            *(drop_statement, add_up, overwrite),
            *(strictness, negate, take_branch),
        )
    }
)
"""All operators by their names."""
