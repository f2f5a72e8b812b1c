"""Whole: from a forward pass to a binding that asks for everything, and what is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call
from parity.adapter.expressions import evaluate, names_in
from parity.adapter.search.backward import gradients
from parity.adapter.search.backward.backwards import (
    BY_LOGITS,
    BY_STATES,
    LABELS,
    Backward,
    asked,
    candidates,
    level_of,
    read,
)
from parity.adapter.search.backward.gradients import Gradients, parameters_of
from parity.adapter.search.backward.steps_back import is_loop, stepped_back
from parity.adapter.search.calling.calls import Proposal
from parity.adapter.search.calling.static import facts
from parity.adapter.search.calling.values import Value
from parity.adapter.search.forward.answers import SIGMOIDS
from parity.adapter.search.forward.forwards import Forward
from parity.adapter.search.probe import expected, writable
from parity.adapter.search.proof import answers
from parity.adapter.search.trials import Outcome, Target, tried
from parity.model.case import Case


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A forward pass, and the calls after it."""

    forward: Forward
    loss: Backward | None = None
    backward: Backward | None = None
    update: Backward | None = None
    train: Backward | None = None

    @property
    def main(self) -> Backward | None:
        """The call that gradients, or else steps, come from."""
        return self.backward or self.update or self.train


NAMED = 2.4
"""The penalty of a call, at most, while its names say what it is."""


def whole(target: Target, forward: Forward, *, thorough: bool = False) -> Whole:
    """Return the calls that a forward pass is followed by; `thorough`: by trying everything."""
    if any(one.right in SIGMOIDS.values() and one.is_right for one in forward.seen.values()):
        return Whole(forward=forward)  # its loss is another, and so are its gradients
    prior = answers(forward.binding, forward.seen)
    prior = replace(prior, config={**prior.config, "activation": forward.activation})
    outcome = forward.outcome
    own = _of_forward(forward, prior, outcome)
    loss = own if own is not None and own.loss_is_right else None
    if loss is None:
        loss = _loss(target, forward, prior, outcome)
        if loss is not None:
            prior, outcome = loss.binding, loss.outcome
    backward = _best([own] if own is not None else [], forward)
    if backward is None:
        backward = _backward(target, forward, prior, outcome, loss, thorough=thorough)
    if backward is not None and backward.level == 3 and backward.moved:
        return Whole(forward=forward, train=backward)
    if backward is not None and not backward.found.weights and backward.moved:
        return Whole(forward=forward, loss=loss, update=backward)
    update = train = None
    if backward is not None:
        update = _update(target, forward, backward)
    train = _train(target, forward, prior, outcome, backward)
    return Whole(forward=forward, loss=loss, backward=backward, update=update, train=train)


def _of_forward(forward: Forward, prior: Binding, outcome: Outcome) -> Backward | None:
    """Return the gradients and the loss that the forward pass itself has answered."""
    if not forward.proposal.roles & {*LABELS}:
        return None
    by_step = bool(forward.proposal.roles & {"step_labels", "step_one_hot"})
    readings = read(
        forward,
        prior,
        forward.entry,
        forward.proposal,
        outcome,
        level_of(forward.proposal),
        by_step=by_step,
    )
    return max(readings, key=lambda one: one.rank, default=None)


def _loss(target: Target, forward: Forward, prior: Binding, outcome: Outcome) -> Backward | None:
    """Return the call that answers the loss, if one does."""
    best: Backward | None = None
    budget = target.attempts.made + 600
    for entry, proposal in candidates(target, forward, outcome, "loss", 1.4 + NAMED, 24):
        if level_of(proposal) < 2 or target.attempts.made > budget:
            continue
        for found in asked(target, forward, prior, entry, proposal, "loss"):
            if found.loss_is_right and not found.moved:
                return found
            named = names.is_like(entry.name.rpartition(".")[2], names.LOSS) and proposal.is_named
            if (
                found.loss
                and named
                and not _has_no_place_for_labels(found, forward)
                and not found.moved
                and (best is None or found.rank > best.rank)
            ):
                best = found
    return best


def _backward(
    target: Target,
    forward: Forward,
    prior: Binding,
    outcome: Outcome,
    loss: Backward | None,
    *,
    thorough: bool,
) -> Backward | None:
    """Return the call that answers gradients, the one that computes most of the way."""
    if is_loop(forward):
        chosen = _best(stepped_back(target, forward, prior), forward)
        if chosen is not None:
            return chosen
    for effort, most, attempts in ((9.0, 600, 3000),) if thorough else ((NAMED, 40, 900),):
        budget = target.attempts.made + attempts
        best: dict[tuple[int, str], Backward] = {}
        told: dict[tuple[int, str], set[tuple[bool, bool]]] = {}
        for entry, proposal in candidates(target, forward, outcome, "backward", effort, most):
            if target.attempts.made > budget or not target.attempts.left:
                break
            key = (level_of(proposal), entry.name)
            if key in best and _is_complete(best[key], forward):
                continue
            if key[0] >= 2 and _disagree(loss, proposal):
                continue
            for found in asked(target, forward, prior, entry, proposal, "backward", loss):
                if proposal.is_named or key not in best or not best[key].proposal.is_named:
                    told.setdefault(key, set()).add(_kind_of_labels(proposal))
                if key not in best or found.rank > best[key].rank:
                    best[key] = found
        sure = [one for key, one in best.items() if one.evidence > 0 or len(told[key]) == 1]
        chosen = _best(sure, forward)
        if chosen is not None:
            return chosen
    return None


def _kind_of_labels(proposal: Proposal) -> tuple[bool, bool]:
    """Return whether labels are handed over as rows of zeros and ones, and for every step.

    Where several kinds run and none answers anything right, nobody knows which one is wanted.
    """
    texts = [v.text for v in proposal.arguments.values() if v.role in LABELS]
    return any("one_hot" in text for text in texts), any("step" in text for text in texts)


def _disagree(loss: Backward | None, proposal: Proposal) -> bool:
    """Return whether a right loss wants labels of every step and a call of one, or the reverse."""
    if loss is None or not loss.loss_is_right:
        return False
    return _kind_of_labels(loss.proposal)[1] != _kind_of_labels(proposal)[1]


def _is_complete(found: Backward, forward: Forward) -> bool:
    wanted = {*_wanted(found, forward)}
    return wanted <= found.found.right and (
        found.level < 2 or not found.loss or found.loss_is_right
    )


def _wanted(found: Backward, forward: Forward) -> list[str]:
    own = parameters_of(forward)
    return [n for n in own if found.level > 0 or not n.endswith("out")]


def _best(found: Sequence[Backward], forward: Forward) -> Backward | None:
    """Return the reading that computes most of the way, among those that are understood."""
    usable = [one for one in found if _is_understood(one, forward)]
    return max(usable, key=lambda one: (one.level, one.rank), default=None)


def _is_understood(found: Backward, forward: Forward) -> bool:
    """Return whether a call answers the gradients, or the steps, of the layer's weights."""
    asks = found.proposal.roles & {*LABELS, *BY_LOGITS, *BY_STATES}
    if not asks and not names.is_like(found.entry.name.rpartition(".")[2], names.BACKWARD):
        return False  # it is handed nothing that gradients depend on
    if _has_no_place_for_labels(found, forward):
        return False
    matrices = {"W_x", "W_h"} & {*parameters_of(forward)}
    answered = found.found.weights | found.moved
    return matrices <= answered and (
        found.evidence > 0 or found.is_begun or found.proposal.is_named
    )


def _has_no_place_for_labels(found: Backward, forward: Forward) -> bool:
    """Return whether a call wants labels, and the head that they are compared with is not ours."""
    return found.level > 0 and "W_out" not in parameters_of(forward) and found.evidence == 0


def _update(target: Target, forward: Forward, backward: Backward) -> Backward | None:
    """Return the call that makes a step with the gradients of `backward`."""
    if backward.moved:
        return None
    told = facts(backward.entry.function).returned
    value = backward.outcome.session.values.get("back")
    more: dict[str, list[Value]] = {}
    if isinstance(value, tuple) and len(told) == len(value):
        more = {n: [Value(text=f"back[{i}]", role=f"back[{i}]")] for i, n in enumerate(told) if n}
    for name in ("grads", "gradients", "grad", "g", "dparams", "gradient", "d_params", "delta"):
        texts = (
            ["back"] + [f"back[{i}]" for i in range(len(value))]
            if isinstance(value, tuple)
            else ["back"]
        )
        if name not in more:
            more[name] = [
                Value(text=t, role="gradients", penalty=0.1 * i) for i, t in enumerate(texts)
            ]
    best: Backward | None = None
    idle: Backward | None = None
    budget = target.attempts.made + 500
    for entry, proposal in candidates(target, forward, backward.outcome, "update", NAMED, 24, more):
        if level_of(proposal) >= 2 or target.attempts.made > budget:
            continue
        if entry.name in (backward.entry.name, forward.entry.name) or proposal.roles & {
            "x",
            *BY_LOGITS,
            *BY_STATES,
        }:
            continue
        handed = any("back" in v.role or v.role == "gradients" for v in proposal.arguments.values())
        for found in asked(target, forward, backward.binding, entry, proposal, "update"):
            stepped = _stepped(forward, found) if handed else Gradients()
            if found.moved or stepped.weights:
                found = replace(found, found=stepped)
                if best is None or _step_rank(found) > _step_rank(best):
                    best = found
                if len(stepped.right) + len(right_moves(found)) >= len(parameters_of(forward)):
                    return found
            elif idle is None and _says_step(found):
                idle = found
    return best or idle


def _says_step(found: Backward) -> bool:
    """Return whether a method that moves nothing is still a step, by its name and its one argument.

    One that keeps the rate for later is none.
    """
    model = found.outcome.session.model
    rate = found.outcome.session.case.lr
    kept = [v for v in getattr(model, "__dict__", {}).values() if isinstance(v, float)]
    named = names.is_like(found.entry.name.rpartition(".")[2], names.UPDATE)
    return named and [*found.proposal.roles] == ["lr"] and model is not None and rate not in kept


def _step_rank(found: Backward) -> tuple[float, ...]:
    right = len(found.found.right) + len(right_moves(found))
    return right, len(found.moved) + len(found.found.weights) - found.proposal.penalty


def _steps(case: Case) -> dict[str, Any]:
    right = expected(case)
    return {
        f"grad/{n}": w - case.lr * right[f"grad/{n}"]
        for n, w in case.parameters.items()
        if f"grad/{n}" in right
    }


def right_moves(found: Backward) -> set[str]:
    """Return the parameters that a call has moved as one step of SGD does."""
    right = _steps(found.outcome.session.case)
    return {
        name
        for name, now in found.outcome.after.items()
        if name in found.moved
        and f"grad/{name}" in right
        and now.shape == right[f"grad/{name}"].shape
        and np.allclose(now, right[f"grad/{name}"], rtol=1e-5)
    }


def _stepped(forward: Forward, found: Backward) -> Gradients:
    """Return the new weights that an update has returned."""
    case = found.outcome.session.case
    leaves = [leaf for leaf in found.outcome.returned if leaf.text.startswith("stepped")]
    right = {**expected(case), **_steps(case)}
    places = gradients.find(forward.probe, forward, leaves, right, 1.0)
    weights = {n: t for n, t in places.places.items() if n in case.parameters}
    return Gradients(places=weights, right=places.right & {*weights})


def _train(
    target: Target, forward: Forward, prior: Binding, outcome: Outcome, backward: Backward | None
) -> Backward | None:
    """Return the call that does everything: from x and labels to changed weights."""
    best: Backward | None = None
    told: dict[str, set[tuple[bool, bool]]] = {}
    budget = target.attempts.made + 500
    bare = replace(prior, calls={k: c for k, c in prior.calls.items() if k == "forward"})
    for entry, proposal in candidates(target, forward, outcome, "train", NAMED, 60):
        if level_of(proposal) != 3 or target.attempts.made > budget:
            continue
        if backward is not None and entry.name == backward.entry.name and not backward.moved:
            continue
        for found in asked(target, forward, bare, entry, proposal, "train"):
            if not {"W_h"} <= found.moved or _has_no_place_for_labels(found, forward):
                continue
            if _starts_anew(target, found):
                continue
            told.setdefault(entry.name, set()).add(_kind_of_labels(proposal))
            if best is None or (found.evidence, _step_rank(found)) > (
                best.evidence,
                _step_rank(best),
            ):
                best = found
        if best is not None and len(right_moves(best)) >= len(parameters_of(forward)):
            return best
    if best is not None and best.evidence == 0 and len(told[best.entry.name]) > 1:
        return None  # nobody knows which labels it wants
    return best


SMALL = 2.0**-30
"""A learning rate at which a step leaves weights nearly as they are."""


def _starts_anew(target: Target, found: Backward) -> bool:
    """Return whether a call draws its own weights first: with hardly a step they differ, too."""
    names_used = names_in(found.binding.make) if found.binding.make else frozenset()
    if "lr" not in names_used | found.binding.calls["train"].names:
        return False
    config = found.outcome.session.case.config
    slow = writable(found.outcome.session.case.replace(config.replace(lr=SMALL)))
    outcome = tried(target, found.binding, slow)
    if isinstance(outcome, Failed):
        return True
    session = outcome.session
    for name, place, scope in session.places():
        if name in found.moved and "+" not in place:
            now, before = np.asarray(evaluate(place, scope)), getattr(session.case, name)
            if now.shape != before.shape or not np.allclose(now, before, atol=1e-3):
                return True
    return False


# -- the binding -----------------------------------------------------------------------------------


def binding_of(found: Whole) -> Binding:
    """Return the whole binding: every call, every answer, and what can be asked."""
    found = replace(found, loss=_of_its_slope(found.loss))
    forward = found.forward
    base = answers(forward.binding, forward.seen)
    calls: dict[str, Call] = {"forward": base.calls["forward"]}
    config: dict[str, Any] = {**base.config, "activation": forward.activation}
    main = found.main
    factor = "1" if main is None else main.factor
    for one in (found.loss, main):
        if one is not None:
            config |= _asked_for(one)
    for item, one in (
        ("loss", found.loss),
        ("backward", found.backward),
        ("update", found.update),
        ("train", found.train),
    ):
        if one is None:
            continue
        told = _answers_of(item, one, found, factor if item != "loss" else one.factor)
        if one.entry.name == forward.entry.name and one.proposal is forward.proposal:
            calls["forward"] = replace(calls["forward"], answers=(*calls["forward"].answers, *told))
            continue
        own = one.binding.calls[item if item in one.binding.calls else "backward"]
        calls[item] = replace(_with_rate(own, factor), answers=tuple(told))
    if target_is_layer(found):
        config["kind"] = "layer"
    elif main is not None or any("logits" in k for k in forward.seen):
        config["kind"] = "classifier"
    if forward.probe.manner.ids:
        config["data"] = forward.probe.manner.data
    if forward.probe.manner.one_row:
        config["batch"] = 1
    config |= forward.probe.manner.several
    further = dict(main.binding.values) if main is not None else {}
    order = [k for k in ("forward", "loss", "backward", "update", "train") if k in calls]
    return replace(
        base,
        values={**base.values, **further},
        calls={k: calls[k] for k in order},
        config=config,
        by_steps=bool(main is not None and main.moved and not main.found.weights),
    )


def _asked_for(one: Backward) -> dict[str, Any]:
    """Return the options that a call can be asked with."""
    config = one.binding.config
    found = {n: config[n] for n in ("kind", "loss", "initial") if n in config}
    return found | ({"loss": one.kind} if one.kind not in ("", "mean") else {})


def _of_its_slope(loss: Backward | None) -> Backward | None:
    """Return a loss, at our size where the gradient by the logits that it answers is ours.

    Then its own size is no convention: the two do not belong together.
    """
    if loss is None or loss.factor == "1":
        return loss
    names_known = loss.outcome.session.names
    slopes = [np.asarray(names_known[name]) for name in ("d_logits", "d_every_logits")]
    for leaf in loss.outcome.returned:
        if any(s.shape == leaf.array.shape and np.allclose(s, leaf.array) for s in slopes):
            return replace(loss, factor="1")
    return loss


def target_is_layer(found: Whole) -> bool:
    """Return whether the gradients are those of a layer, from the gradient by its states."""
    return found.backward is not None and not found.backward.kind and found.backward.level < 2


def _answers_of(item: str, one: Backward, found: Whole, factor: str) -> list[tuple[str, str]]:
    if item == "update" and found.backward is not None:
        return [(f"step/{n}", t) for n, t in one.found.places.items()]
    told = []
    if one.loss and one.level >= 2 and (found.loss is None or found.loss is one or item == "train"):
        told.append(("loss", _divided(one.loss, one.factor)))
    if item != "loss":
        told += [(f"grad/{n}", _divided(t, factor)) for n, t in one.found.places.items()]
        told += [(f"grad/{n}", _divided(t, factor)) for n, t in one.found.seconds.items()]
    return told


def _divided(text: str, factor: str) -> str:
    return text if factor == "1" else f"{text} / ({factor})"


def _with_rate(call: Call, factor: str) -> Call:
    """Return a call with a learning rate for the harness's loss, where the author's is another."""
    if factor == "1" or "lr" not in call.names:
        return call
    return replace(call, expression=_renamed(call.expression, factor))


def _renamed(expression: str, factor: str) -> str:
    import ast

    class Rate(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            rate: ast.expr = ast.parse(f"lr / ({factor})", mode="eval").body
            return rate if node.id == "lr" else node

    return ast.unparse(Rate().visit(ast.parse(expression, mode="eval")))
