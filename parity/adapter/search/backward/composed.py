"""Composed: from a forward pass and the calls after it to one binding.

In: a `Whole`. Out: its binding, with every call, every answer in the harness's own size, and the
options that it can be asked with.
"""

import ast
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.adapter.binding import Binding, Call
from parity.adapter.search.backward.readings import Backward
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.proof import answers


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


def binding_of(found: Whole) -> Binding:
    """Return the whole binding: every call, every answer, and what can be asked."""
    found = replace(found, loss=_of_its_slope(found.loss))
    forward = found.forward
    base = answers(forward.binding, forward.seen)
    calls: dict[str, Call] = {"forward": base.calls["forward"]}
    main = found.main
    factor = "1" if main is None else main.factor
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
    further = dict(main.binding.values) if main is not None else {}
    order = [k for k in ("forward", "loss", "backward", "update", "train") if k in calls]
    return replace(
        base,
        values={**base.values, **further},
        calls={k: calls[k] for k in order},
        config={**base.config, **_config(found)},
        by_steps=bool(main is not None and main.moved and not main.found.weights),
    )


def _config(found: Whole) -> dict[str, Any]:
    """Return the only values of options that the whole can be asked with."""
    forward, main = found.forward, found.main
    manner = forward.probe.manner
    config: dict[str, Any] = {"activation": forward.activation}
    for one in (found.loss, main):
        if one is not None:
            config |= _asked_for(one)
    if target_is_layer(found):
        config["kind"] = "layer"
    elif main is not None or any("logits" in k for k in forward.seen):
        config["kind"] = "classifier"
    if manner.ids:
        config["data"] = manner.data
    if manner.one_row:
        config["batch"] = 1
    return config | manner.several


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
    class Rate(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            rate: ast.expr = ast.parse(f"lr / ({factor})", mode="eval").body
            return rate if node.id == "lr" else node

    return ast.unparse(Rate().visit(ast.parse(expression, mode="eval")))
