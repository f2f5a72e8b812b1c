"""Implied: the options that a binding supports, from the names that its items use.

A network that is never told the activation has one of its own; one that gets no initial state
begins at zero; one that has no head is a layer.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from parity.adapter.binding import Binding, Certainty, Remark
from parity.adapter.expressions import names_in
from parity.adapter.running.scope import CaseNames
from parity.adapter.running.session import Session
from parity.model.names import ArrayName

HEAD = frozenset({"W_out", "b_out", "labels", "one_hot", "d_logits", "d_last"})
STEPS = frozenset({"step_labels", "step_one_hot", "d_every_logits", "every_logits"})
"""Names that only a network with a head uses; those of STEPS where it reads every step."""

INITIAL = frozenset({"h_0", "every_h_0"})


def answered(binding: Binding) -> frozenset[str]:
    """Return the names of the arrays that a network answers, or answers the gradient by."""
    names = (name for call in binding.calls.values() for name, _ in call.answers)
    return frozenset(ArrayName.parse(name).parameter for name in names)


def given(binding: Binding) -> frozenset[str]:
    """Return every name that an item uses: W_out, labels, `activation`, and what has a place."""
    return frozenset(_given(binding))


def _given(binding: Binding) -> Iterator[str]:
    texts = (*binding.setup, *binding.reset, *binding.values.values())
    for text in (*texts, *binding.parameters.values(), *([binding.make] if binding.make else [])):
        yield from names_in(text)
    yield from binding.parameters
    for call in binding.calls.values():
        yield from call.names
        for _, where in call.answers:
            yield from names_in(where)
        state = [target for target in call.targets if call.loop and target in call.names]
        yield from ("h_0",) if state else ()  # a loop over steps begins at h_0


def options(binding: Binding) -> dict[str, Any]:
    """Return the options that follow, by name, without those that the binding has already."""
    return {n: v for n, v in _options(binding, given(binding)) if n not in binding.config}


def _options(binding: Binding, names: frozenset[str]) -> Iterator[tuple[str, Any]]:
    has_head = _has_head(binding, names | answered(binding))
    kind = binding.config.get("kind", "classifier" if has_head else "layer")
    yield "kind", kind
    if not names & INITIAL:
        yield "initial", "zero"
    if kind == "classifier" and "b_out" not in names | answered(binding):
        yield "bias", "zero"  # a head without a bias: an absent one alone leaves b_out
    elif "b" not in names | answered(binding):
        yield "bias", "absent"
    if kind == "classifier" and "pool" not in binding.config:
        every = (names | answered(binding)) & STEPS and not names & {"labels", "one_hot"}
        yield "loss", "steps" if every else "mean"
    if "ids" in names:
        yield "data", "ids" if "classes" in names or kind == "layer" else "vocabulary"


def _has_head(binding: Binding, names: frozenset[str]) -> bool:
    if names & (HEAD | STEPS | {"logits", "loss"}):
        return True
    layered = {"layers", "bidirectional"} & {*knows(binding), *binding.config}
    return bool(layered) and "upstream" in names  # the states of several layers are not a loss


def knows(binding: Binding) -> tuple[str, ...]:
    """Return the further options that a place's or an answer's names show it to support."""
    texts = [*binding.parameters.values()]
    texts += [where for call in binding.calls.values() for _, where in call.answers]
    names = frozenset().union(*map(names_in, texts))
    told = {"layers": {"layer"}, "bidirectional": {"reverse", "direction"}}
    found = (n for n, by in told.items() if names & by and n not in binding.config)
    return tuple(dict.fromkeys((*binding.knows, *found)))


# -- a binding with what follows ------------------------------------------------------------------

More = dict[str, dict[str, Any]]
"""What is added to a binding: entries by the name of its part, `calls`, `config` or `remarks`."""


def extended(binding: Binding, more: More) -> Binding:
    """Return a binding with further entries."""
    changes: dict[str, Any] = {n: {**getattr(binding, n), **new} for n, new in more.items()}
    return replace(binding, **changes)


def with_options(binding: Binding) -> Binding:
    """Return the binding with the options that follow from its names."""
    follow = options(binding)
    told = {
        "config" if name in binding.calls else name: Remark(
            certainty=Certainty.LIKELY, text=_WHY.get(name, "")
        )
        for name in follow
    }
    return replace(
        binding,
        config={**binding.config, **follow},
        knows=knows(binding),
        remarks={**told, **binding.remarks},
    )


_WHY = {
    "initial": "no item uses h_0",
    "bias": "no item uses b, or b_out of a head",
    "kind": "by the names that the items use",
    "loss": "by the names that the items use",
    "data": "an item uses ids",
}


def with_activation(binding: Binding, session: Session) -> Binding:
    """Return the binding with the activation of its answers, unless it is told which to use."""
    if "activation" in binding.config or given(binding) & {"activation", "f"}:
        return binding
    remark = Remark(certainty=Certainty.LIKELY, text="its answers are nearest to it")
    chosen = {"activation": _nearest(session)}
    return extended(binding, {"config": chosen, "remarks": {"activation": remark}})


def _nearest(session: Session) -> str:
    """Return the activation by whose equations the answers are the nearest."""
    for name in ("hidden", "every_logits", "logits"):
        if name in session.answers:
            own = np.asarray(session.answers[name])
            break
    else:
        return "tanh"

    def distance(activation: str) -> float:
        config = session.case.config.replace(activation=activation)
        names = CaseNames(session.case.replace(config))
        right = names.states() if name == "hidden" else names.logits(every=name != "logits")
        return float(np.nan_to_num(np.abs(own - right)).mean()) if own.shape == right.shape else 0.0

    return min(("tanh", "relu"), key=distance)
