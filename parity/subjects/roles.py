"""Roles: does a function compute a loss, gradients or a step? By its name and by what it does."""

import ast
import re
from collections.abc import Iterator

from parity.model.coverage import Role

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_NAMED = {
    Role.LOSS: r"loss(es)?|cost|criterion|nll|ce|mse|xent|crossentropy|entropy|objective",
    Role.GRADIENTS: r"backward|backwards|backprop\w*|bprop|bptt|bwd|grads?|gradients?|vjp",
    Role.STEP: r"update|updates|sgd|optimi[sz]e\w*|descend|descent",
}
"""Words of a function's name, for each role; the function must also do arithmetic."""

_ASIDE = re.compile(
    r"plot|draw|show|print|display|check|checks|checker|checking|numeric|numerical|numerically|finite|"
    r"test|tests|sample|samples|sampling|generate|predict|prediction|accuracy|perplexity|save|load|"
    r"repr|str|demo|main|animate|visuali[sz]e|log|history|initial|smooth|clip|clipped|clipping"
)
"""Words of the name of a function beside the computation, whatever else its name says."""

_DATA = re.compile(r"data|dataset|batch|batches|make|get|create|init|initiali[sz]e|noise|text|read")
"""Words of the name of a function that makes data or weights, if its name says nothing else."""

_ACTIVATION = re.compile(
    r"sigmoid|tanh|relu|softmax|linear|identity|leaky|elu|gelu|softplus|activation"
)
"""Words of an activation: its derivative, under whatever name, is a helper of a backward pass."""

_RATE = re.compile(r"_*(lr|learning_?rate|learn_?rate|eta|alpha|step_?size|l_?rate|rate)_*")

_MEANS = {"log", "log1p", "log2", "logsumexp", "log_softmax"}

_PRODUCTS = {"dot", "matmul", "einsum", "outer", "tensordot"}


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name: "trainStep_2" has train and step."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return tuple(re.findall(r"[^\W_]+", spaced.lower()))


def roles(name: str, owner: str, function: Function) -> tuple[Role, ...]:
    """Return what a function of this name computes; none for one beside the computation.

    A function of a case alone is a subject itself.
    owner: the class that it is a method of; empty for a function.
    """
    parts, given = words(name), _parameters(function)
    if given == {"case"} or any(_ASIDE.fullmatch(word) for word in parts):
        return ()
    own = list(_own_nodes(function))
    named = {role for role, like in _NAMED.items() if any(re.fullmatch(like, w) for w in parts)}
    if not named and any(_DATA.fullmatch(word) for word in parts):
        return ()
    found = {role for role in named if _computes(own)}
    found |= {role for role, does in _DOES.items() if does(own)}
    if any(_is_moved(node, given) for node in own):
        found.add(Role.STEP)
    is_activation = any(_ACTIVATION.fullmatch(word) for word in (*words(owner), *parts))
    if is_activation and not any(map(_is_product, own)):
        found &= {Role.LOSS}
    return tuple(role for role in Role if role in found)


def _parameters(function: Function) -> set[str]:
    every = function.args
    return {a.arg for a in (*every.posonlyargs, *every.args, *every.kwonlyargs)}


def piece_roles(function: Function, statement: ast.stmt) -> tuple[Role, ...]:
    """Return LOSS or STEP where one simple statement of a function computes it by itself."""
    if hasattr(statement, "body"):
        return ()
    given, own = _parameters(function), list(ast.walk(statement))
    is_step = _is_step(own) or any(_is_moved(node, given) for node in own)
    found = {Role.LOSS: _is_loss(own), Role.STEP: is_step}
    return tuple(role for role, does in found.items() if does)


def is_other_rule(name: str) -> bool:
    """Return whether a name says that a step follows another rule than SGD."""
    other = r"adam\w*|nadam|rms\w*|prop|ada(grad|delta|max)?|rprop|lbfgs|newton"
    return any(re.fullmatch(other, word) for word in words(name))


def is_other_cell(name: str) -> bool:
    """Return whether a name says that it belongs to another kind of network."""
    other = r"lstm\w*|gru\w*|attention|transformer\w*|conv\w*|cnn\w*|peephole"
    return any(re.fullmatch(other, word) for word in words(name))


def is_other_layer(name: str) -> bool:
    """Return whether a name says that it belongs to a layer that is not recurrent."""
    other = r"embed\w*|affine|dropout|\w*pool\w*|\w*padding\w*|batch_?norm\w*|layer_?norm\w*|norm"
    return any(re.fullmatch(other, word) for word in words(name))


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without those of functions and classes in it."""
    body = function.body if isinstance(function.body, list) else [function.body]
    left: list[ast.AST] = list(body)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield node
        left += ast.iter_child_nodes(node)


# -- what a function does --------------------------------------------------------------------------


def _computes(nodes: list[ast.AST]) -> bool:
    """Return whether there is arithmetic with something that is not a plain number or text."""
    return any(
        (isinstance(n, ast.BinOp) and not _is_text(n)) or _calls(n, _MEANS | _PRODUCTS)
        for n in nodes
    ) or any(isinstance(n, ast.AugAssign) and not isinstance(n.value, ast.Constant) for n in nodes)


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    constants = [side for side in sides if isinstance(side, ast.Constant)]
    return len(constants) == len(sides) or any(isinstance(c.value, str) for c in constants)


def _is_loss(nodes: list[ast.AST]) -> bool:
    """Return whether a logarithm is taken."""
    return any(_calls(node, _MEANS) for node in nodes)


def _is_gradient(nodes: list[ast.AST]) -> bool:
    """Return whether it goes back through time, or subtracts 1 at the labels."""
    at_labels = any(
        isinstance(n, ast.AugAssign)
        and isinstance(n.target, ast.Subscript)
        and isinstance(n.target.slice, ast.Tuple)
        and isinstance(n.value, ast.Constant)
        and n.value.value == 1
        for n in nodes
    )
    backwards = any(_runs_backwards(node) for node in nodes)
    products = any(_is_product(node) for node in nodes)
    return at_labels or (products and (backwards or any(map(_is_tanh_slope, nodes))))


def _is_step(nodes: list[ast.AST]) -> bool:
    """Return whether something is moved by a product: w -= lr * g, w = w + lr * g."""
    return any(_moves(node) for node in nodes)


_DOES = {Role.LOSS: _is_loss, Role.GRADIENTS: _is_gradient, Role.STEP: _is_step}


def _moves(node: ast.AST) -> bool:
    match node:
        case ast.AugAssign(target=target, op=ast.Sub() | ast.Add(), value=value):
            down = isinstance(node.op, ast.Sub) or _has_minus(value)
            return not _is_rate(target) and (_has_rate(value) or (down and _has_scale(value)))
        case ast.Assign(targets=[target], value=ast.BinOp(op=ast.Sub() | ast.Add()) as value):
            again = ast.unparse(target) == ast.unparse(value.left)
            return not _is_rate(target) and again and _has_scale(value.right)
        case ast.BinOp(op=ast.Sub() | ast.Add(), right=right):
            return _has_rate(right) and _has_scale(right)
        case _:
            return False


def _is_moved(node: ast.AST, given: set[str]) -> bool:
    """Return whether this is w - a * g, where a is an argument, an attribute or a number."""
    match node:
        case ast.BinOp(
            left=ast.Name() | ast.Subscript() | ast.Attribute() | ast.Call(),
            op=ast.Sub(),
            right=ast.BinOp(left=scale, op=ast.Mult()),
        ):
            return _is_factor(scale, given)
        case _:
            return False


def _is_factor(node: ast.expr, given: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in given
    return isinstance(node, ast.Attribute) or (
        isinstance(node, ast.Constant) and isinstance(node.value, float)
    )


def _has_scale(value: ast.AST) -> bool:
    return any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult) for n in ast.walk(value))


def _has_minus(value: ast.AST) -> bool:
    return any(isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub) for n in ast.walk(value))


def _has_rate(value: ast.AST) -> bool:
    return any(map(_is_rate, ast.walk(value)))


def _is_rate(node: ast.AST) -> bool:
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return bool(_RATE.fullmatch(name.lower()))


def _is_product(node: ast.AST) -> bool:
    return (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)) or _calls(
        node, _PRODUCTS
    )


def _calls(node: ast.AST, names: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
    return name in names


def _runs_backwards(node: ast.AST) -> bool:
    """Return whether this is `reversed(...)`, or `range(..., -1, -1)`."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return False
    if node.func.id == "reversed":
        return True
    return node.func.id == "range" and len(node.args) == 3 and _has_minus(node.args[2])


def _is_tanh_slope(node: ast.AST) -> bool:
    """Return whether this is 1 - h * h or 1 - h ** 2."""
    match node:
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=ast.BinOp() as right):
            return isinstance(right.op, ast.Mult | ast.Pow)
        case _:
            return False
