"""Finish: what else is known of a binding: fresh objects, formats, activations, remarks."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call, Certainty, Remark
from parity.adapter.expressions import is_transposed, names_in
from parity.adapter.running.interpreter import Run
from parity.adapter.search.backward.gradients import parameters_of
from parity.adapter.search.backward.readings import Backward
from parity.adapter.search.calling.calls import parameters
from parity.adapter.search.calling.static import answers_function, work
from parity.adapter.search.forward.entries import entries
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import expected, share
from parity.adapter.search.search import Found
from parity.adapter.search.stacking.again import STEPPING, adds_up, answered, changes, renewed
from parity.adapter.search.stacking.layers import layered
from parity.adapter.search.trials import Target, tried
from parity.model.case import Case
from parity.model.coverage import Role


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A binding that can be run, and what a user must know about it."""

    binding: Binding
    assumed: tuple[str, ...]
    lacking: str


def finished(target: Target, found: Found) -> Finished:
    """Return the binding with everything that only running it whole can tell."""
    binding = found.binding
    binding = _with_default_state(target, found)
    config = dict(binding.config) | _formats(found)
    config |= _activations(target, found, binding, config)
    if config.get("activation", "") is None:
        del config["activation"]
    binding = replace(binding, config=config, remarks=dict(_remarks(found)))
    binding = layered(target, found.whole.forward.probe, binding)
    case = _case(found, **_of_probe(binding.config))
    binding = renewed(target, found.whole.forward.probe, binding, case)
    if _must_be_fresh(target, found, binding):
        binding = replace(binding, fresh=True)
    return Finished(
        binding=binding, assumed=tuple(_assumed(found)), lacking=_lacking(target, found)
    )


def _case(found: Found, **changes: Any) -> Case:
    return found.whole.forward.probe.case(**changes)


def _with_default_state(target: Target, found: Found) -> Binding:
    """Return the binding that leaves an initial state to its default where a case has none.

    Where that default is None; it is judged then as `nn.RNN` is without an initial state.
    """
    binding, forward = found.binding, found.whole.forward
    function = forward.entry.function
    for name, value in forward.proposal.arguments.items():
        default = next((p.default for p in parameters(function) if p.name == name), ...)
        if value.role != "h_0" or default is not None or binding.config.get("initial") == "zero":
            continue
        call = binding.calls["forward"]
        text = _given_or_none(call.expression, value.text)
        calls = {**binding.calls, "forward": replace(call, expression=text)}
        asked = replace(binding, calls=calls, knows=(*binding.knows, "initial"))
        case = _case(found, **{**_of_probe(binding.config), "initial": "absent"})
        if answered(target, Run(replace(asked, by_steps=False), target.module), case) is not None:
            return asked
    return binding


def _given_or_none(expression: str, text: str) -> str:
    """Return a call whose argument `text` is None where the case has no initial state."""
    wanted = ast.unparse(ast.parse(text, mode="eval"))

    class Given(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if isinstance(node, ast.expr) and ast.unparse(node) == wanted:
                conditional = f"None if initial == 'absent' else {wanted}"
                return ast.parse(conditional, mode="eval").body
            visited: ast.AST = super().visit(node)
            return visited

    return ast.unparse(Given().visit(ast.parse(expression, mode="eval")))


def _formats(found: Found) -> dict[str, str]:
    """Return the format of the author's own weights, where the network has no other."""
    held = {leaf.text: leaf.array for leaf in found.whole.forward.outcome.held}
    own = [held[text] for text in found.whole.forward.leaves.values() if text in held]
    formats = {str(a.dtype) for a in own}
    if formats == {"float32"} or (found.binding.tensors and formats == {"float64"}):
        return {"dtype": formats.pop()}  # PyTorch multiplies no two formats
    return {}


def _activations(
    target: Target, found: Found, binding: Binding, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the one activation that a network has, or None where it has a choice of them."""
    own = found.whole.forward.activation
    if not names_activation(binding):
        return {"activation": own}
    other = {"tanh": "relu", "relu": "tanh"}[own]
    case = _case(found, **{**_of_probe(config), "activation": other})
    told = answered(target, Run(binding, target.module), case)
    if told is None or "hidden" not in told:
        return {"activation": own}
    right = share(told["hidden"], expected(case)["hidden"]) == 1
    return {"activation": None if right else own}


def _of_probe(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        n: v for n, v in config.items() if n in ("kind", "loss", "initial", "bias", "activation")
    }


def names_activation(binding: Binding) -> bool:
    """Return whether an object is made with the activation that a case asks for."""
    return bool(binding.make) and bool(names_in(binding.make) & {"activation", "f"})


def _must_be_fresh(target: Target, found: Found, binding: Binding) -> bool:
    """Return whether a step leaves something behind that is set with no other weight.

    Then each case gets an object of its own; so it does where gradients add up from one call to the
    next, as PyTorch's do. Another leak from a forward or a backward pass stays: a later stage
    judges it.
    """
    if binding.make and adds_up(target, binding, _case(found, **_of_probe(binding.config))):
        return True
    stepping = {*STEPPING} & {*binding.calls}
    if not stepping or not binding.make:
        return False
    before = replace(binding, calls={n: c for n, c in binding.calls.items() if n not in stepping})
    case = _case(found, **_of_probe(binding.config))
    return (
        changes(target, binding, case)
        and not changes(target, replace(binding, fresh=True), case)
        and not (before.calls and changes(target, before, case))
    )


# -- what is known ---------------------------------------------------------------------------------


def _remarks(found: Found) -> Iterator[tuple[str, Remark]]:
    forward, whole = found.whole.forward, found.whole
    certain = found.is_certain
    by_value = forward.evidence >= 20
    why = (
        "its states are right"
        if by_value
        else "they move where they must"
        if certain
        else found.doubt
    )
    level = Certainty.CERTAIN if certain else Certainty.LIKELY
    for name in found.binding.parameters:
        yield name, Remark(certainty=level, text=_of_place(name, found, why))
    yield "forward", Remark(certainty=level, text=why)
    for name in ("loss", "backward", "update", "train"):
        one = getattr(whole, name)
        if one is not None and name in found.binding.calls:
            yield name, _of_call(one)


def _of_place(name: str, found: Found, why: str) -> str:
    text = found.binding.parameters[name]
    if name == "W_h" and "W_x" in found.binding.parameters:
        mixed = is_transposed(text) != is_transposed(found.binding.parameters["W_x"])
        return f"{why}; held the other way around than W_x" if mixed else why
    return why


def _of_call(one: Backward) -> Remark:
    right = sorted(one.found.right)
    if one.loss_is_right or right:
        said = ["its loss"] * one.loss_is_right + [f"its gradient of {name}" for name in right[:2]]
        return Remark(certainty=Certainty.CERTAIN, text=f"{' and '.join(said)} is right")
    return Remark(certainty=Certainty.LIKELY, text="the names say so; none of its numbers is right")


def _assumed(found: Found) -> Iterator[str]:
    for one in found.whole.forward.seen.values():
        if not one.is_answer:
            yield f"not judged: the {one.right.replace('_', ' ')} that it answers in `{one.raw}`"


def _scores_unasked(found: Found) -> str:
    """Return where scores are that are not right, and that a layer's gradients do not ask for."""
    if found.binding.config.get("kind") != "layer":
        return ""
    seen = found.whole.forward.seen.items()
    return next((one.raw for kind, one in seen if "logits" in kind and not one.is_right), "")


def _lacking(target: Target, found: Found) -> str:
    """Return the part of the code that was not understood; empty where there is none."""
    whole = found.whole
    main = whole.main
    if scores := _scores_unasked(found):
        return (
            f"the scores that it answers in `{scores}` are not PyTorch's, and no loss asks for them"
        )
    unread = unread_weights(found)
    if unread:
        return f"`{unread[0]}` looks like a weight, and nothing reads it"
    if main is None:
        return "no way to ask for its gradients was found: they are not checked" * _has_gradients(
            target, found
        )
    missing = [n for n in parameters_of(whole.forward) if n not in main.found.weights | main.moved]
    if main.level == 0:
        missing = [n for n in missing if not n.endswith("out")]
    if missing:
        return f"no gradient of {', '.join(missing)} was found among its answers"
    if main.factor != "1" and not any(one and one.loss_is_right for one in (whole.loss, main)):
        return f"its gradients are ours times {main.factor}, and no loss says so"
    return _failing_step(target, found)


RATE = names.SIZES["lr"]
"""Names of a learning rate."""


def _failing_step(target: Target, found: Found) -> str:
    """Return a remark on a step, told by its name, that raises after gradients are known."""
    whole = found.whole
    if whole.backward is None or whole.backward.moved or whole.update or whole.train:
        return ""
    session = whole.backward.outcome.session
    owner = session.model if target.cls is not None else target.module
    for entry in entries(owner, target.module):
        rate = [p.name for p in parameters(entry.function) if names.is_like(p.name, RATE)]
        if len(parameters(entry.function)) != 1 or not rate:
            continue
        if not names.is_like(entry.name.rpartition(".")[2], names.UPDATE):
            continue
        asked = replace(
            whole.backward.binding,
            calls={
                **whole.backward.binding.calls,
                "update": Call(expression=f"{entry.name}(lr)", targets=("stepped",)),
            },
        )
        outcome = tried(target, asked, session.case)
        if isinstance(outcome, Failed):
            cause = outcome.error.__cause__ or outcome.error
            return f"`{entry.name}(lr)` raised {type(cause).__name__}: {cause}"
    return ""


def _has_gradients(target: Target, found: Found) -> bool:
    """Return whether the code has a function that computes gradients, or a step, or says so."""
    session = found.whole.forward.outcome.session
    owner = session.model if target.cls is not None else target.module
    return any(
        _says_gradients(entry.name.rpartition(".")[2])
        or answers_function(entry.function)
        or work(entry.function) & {Role.GRADIENTS, Role.STEP}
        for entry in entries(owner, target.module)
    )


def _says_gradients(name: str) -> bool:
    said, other = (*names.BACKWARD, *names.TRAIN), (*names.MODES, *names.STEP)
    return names.is_like(name, said) and not names.is_like(name, other)


def unread_weights(found: Found) -> list[str]:
    """Return arrays that are named as a bias or a weight, have its shape, and are never read."""
    forward = found.whole.forward
    session = forward.outcome.session
    taken = [evaluated(session, text) for text in forward.leaves.values()]
    unread = []
    for leaf in forward.outcome.held:
        role = names.role(leaf.name, names.WEIGHTS)
        is_gradient = leaf.text.endswith(".grad") or names.is_like(leaf.name, names.GRADIENT)
        if role not in ("b", "W_h", "W_x") or is_gradient:
            continue
        if leaf.text.endswith((".grad", ".grad.data")) or leaf.text in forward.leaves.values():
            continue
        place = forward.binding.parameters.get(role, "")
        known = forward.leaves.get(role, "")
        if role == "b" and not known and "b" not in parameters_of(forward):
            matrix = forward.leaves.get("W_x", "")
            if _is_unread_bias(found, leaf, matrix):
                unread.append(leaf.text)
            continue
        if not known or leaf.text in place:
            continue
        same_owner = leaf.text.rpartition(leaf.name)[0] == known.rpartition(_last(known))[0]
        before = forward.outcome.before.get(leaf.text)
        unchanged = before is not None and not forward.outcome.has_changed(leaf)
        if same_owner and unchanged and _same_shape(leaf.array, taken):
            unread.append(leaf.text)
    return unread


def _is_unread_bias(found: Found, leaf: Leaf, matrix: str) -> bool:
    """Return whether an array beside W_x is a bias that the forward pass does not add."""
    outcome, hidden = found.whole.forward.outcome, found.whole.forward.probe.config.hidden
    beside = leaf.text.rpartition(leaf.name)[0] == matrix.rpartition(_last(matrix))[0]
    kept = leaf.text in outcome.before and not outcome.has_changed(leaf)
    return bool(matrix) and beside and kept and leaf.array.size == hidden


def _same_shape(array: Any, taken: list[Any]) -> bool:
    return any(one is not None and np.shape(one) == array.shape for one in taken)


def _last(text: str) -> str:
    return Leaf(text=text, array=np.zeros(0)).name


def evaluated(session: Any, text: str) -> Any:
    """Return what a text stands for after a run; None where it cannot be read."""
    try:
        return session.value(text)
    except Exception:  # noqa: BLE001 - the author's own objects
        return None
