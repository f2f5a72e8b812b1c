"""Backwards: the ways to ask for the loss, the gradients and the steps, after a forward pass.

A call that computes more of the way is preferred: from x and labels to gradients comes before a
pass that is handed the gradient by the logits. It is never preferred because its numbers are right;
its arguments are.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call
from parity.adapter.search.backward import gradients
from parity.adapter.search.backward.readings import (
    BY_LOGITS,
    BY_STATES,
    LABELS,
    Backward,
    level_of,
    read,
)
from parity.adapter.search.calling.calls import FINAL, Proposal, is_required, parameters, proposals
from parity.adapter.search.calling.static import facts, keys_of
from parity.adapter.search.calling.values import Value, in_one_order
from parity.adapter.search.forward.entries import Entry, entries
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.trials import Outcome, Target, tried
from parity.model.errors import ConfigError

ROLES = (
    *(*LABELS, *BY_LOGITS, *BY_STATES, FINAL),
    *("x", "cache", "hidden", "logits", "h_0", "lr", "one", "mask"),
)


def links(forward: Forward, outcome: Outcome) -> dict[str, list[Value]]:
    """Return what an earlier call has returned, by the names that its text gives it."""
    told = facts(forward.entry.function).returned
    value = outcome.session.values.get("out")
    if len(told) > 1 and isinstance(value, tuple) and len(value) == len(told):
        return {n: [Value(text=f"out[{i}]", role=f"out[{i}]")] for i, n in enumerate(told) if n}
    return {told[0]: [Value(text="out", role="out")]} if len(told) == 1 and told[0] else {}


def extras(forward: Forward, outcome: Outcome) -> dict[str, list[Value]]:
    """Return the values that a forward pass has answered, by the roles that they can play."""
    found: dict[str, list[Value]] = {"cache": [], "hidden": [], "logits": [], "last": []}
    for kind, one in forward.seen.items():
        role = "logits" if "logits" in kind else kind
        base = (
            one.raw.removeprefix("np.stack(").removesuffix(")")
            if one.raw.startswith("np.stack(")
            else one.raw
        )
        for text in dict.fromkeys(
            (base if "for t in" not in base else _comprehended(base), one.raw, one.text)
        ):
            if text:
                found[role].append(Value(text=text, role=kind))
    value = outcome.session.values.get("out")
    parts = [("out", value)]
    if isinstance(value, tuple):
        parts = [(f"out[{i}]", item) for i, item in enumerate(value)] + parts
    for text, item in parts:
        if item is not None and not isinstance(item, (int, float)):
            found["cache"].append(
                Value(text=text, role="cache", penalty=0.1 * isinstance(item, np.ndarray))
            )
    return found


def _comprehended(text: str) -> str:
    """Return the list or dictionary of `[states[t] for t in range(...)]`."""
    return text.strip("[]").split("[t]")[0] if "[t]" in text else ""


def given(
    target: Target, forward: Forward, outcome: Outcome, function: Any
) -> dict[str, list[Value]]:
    """Return what parameters are by their own names: weights as before, and names in common."""
    found = {
        n: [v] for n, v in forward.proposal.arguments.items() if v.role not in ("lr", "h_t", "x_t")
    }
    found |= links(forward, outcome)
    for name, value in forward.proposal.arguments.items():
        if value.role in ("parameters", "W_x", "W_h", "b", "W_out", "b_out"):
            found[name] = [value]
    for name in forward.binding.values:
        if name not in ("h", "t"):
            found[name] = [Value(text=name, role="parameters")]
    wanted = {p.name for p in parameters(function)}
    if forward.binding.values and not any(name in wanted for name in forward.binding.values):
        for p in parameters(function):
            keys = set(keys_of(target.module, function, p.name).values())
            held = set(forward.leaves.values())
            if len(keys) >= 2 and all(any(k in text for text in held) for k in keys):
                first = next(n for n in forward.binding.values if n not in ("h", "t"))
                found[p.name] = [Value(text=first, role="parameters")]
    return found


def candidates(
    target: Target, forward: Forward, outcome: Outcome, item: str, effort: float, most: int,
    more: Mapping[str, Sequence[Value]] | None = None,
) -> Iterator[tuple[Entry, Proposal]]:  # fmt: skip
    """Yield calls that may come after, those with little to guess first.

    `more`: what a call in between has returned, by the names of parameters.
    """
    owner = outcome.session.model if target.cls is not None else target.module
    extra = extras(forward, outcome)
    found = []
    for entry in (*entries(owner, target.module), *_answered_functions(outcome)):
        penalty = penalty_of(item, entry, forward)
        if penalty > effort:
            continue
        known = {**(more or {}), **given(target, forward, outcome, entry.function)}
        head = "W_out" in gradients.parameters_of(forward)
        roles = ROLES if head else tuple(r for r in ROLES if r not in BY_LOGITS)
        handed = [
            v.role for v in forward.proposal.arguments.values() if v.role.startswith(("W_", "b"))
        ]
        roles = (*roles, *handed) if target.cls is None else roles
        ways = itertools.islice(
            proposals(
                entry.name, entry.function, forward.probe.manner, roles, given=known, extra=extra
            ),
            most,
        )
        found += [
            (penalty + p.penalty, entry, p)
            for p in ways
            if p.penalty <= effort and _fits(forward, p)
        ]
    found.sort(key=lambda one: one[0])
    yield from ((entry, proposal) for _, entry, proposal in found)


def _answered_functions(outcome: Outcome) -> list[Entry]:
    """Return the functions that a forward pass has answered: they go back."""
    value = outcome.session.values.get("out")
    parts = [(f"out[{i}]", v) for i, v in enumerate(value)] if isinstance(value, tuple) else []
    return [
        Entry(name=text, function=function)
        for text, function in (("out", value), *parts)
        if isinstance(function, (FunctionType, MethodType))
    ]


def _fits(forward: Forward, proposal: Proposal) -> bool:
    """Return whether labels of every step are handed over in the layout of the inputs."""
    return in_one_order(
        value.text
        for call in (forward.proposal, proposal)
        for value in call.arguments.values()
        if value.role in ("x", "step_labels", "step_one_hot")
    )


def penalty_of(item: str, entry: Entry, forward: Forward) -> float:
    """Return how little the name of a function says that it is an `item`: a loss, an update ..."""
    bare = entry.name.rpartition(".")[2]
    first = {
        "loss": names.LOSS,
        "backward": names.BACKWARD,
        "update": names.UPDATE,
        "train": names.TRAIN,
    }
    if entry.name.startswith("out"):
        return 0.0 if item == "backward" else 99.0
    if (rank := names.rank(bare, first[item])) is not None:
        return 0.02 * rank
    if names.is_like(bare, names.MODES) and not any(map(is_required, parameters(entry.function))):
        return 99.0
    if entry.name == forward.entry.name:
        return 0.3 if item == "backward" else 99.0
    others = {
        "loss": (),
        "backward": (*names.LOSS, *names.TRAIN),
        "update": (),
        "train": names.UPDATE,
    }
    return 0.5 if names.is_like(bare, others[item]) else 1.5


def asked(
    target: Target, forward: Forward, prior: Binding, entry: Entry, proposal: Proposal, item: str,
    loss_before: Backward | None = None,
) -> Iterator[Backward]:  # fmt: skip
    """Make one call after those of `prior`, and yield its readings by the kind of the loss.

    `loss_before`: the loss that another call has answered; the gradients are its own.
    """
    level = level_of(proposal)
    roles = proposal.roles
    changes: dict[str, Any] = {}
    if roles & {*BY_STATES} and "d_last" not in roles and not roles & {*LABELS, *BY_LOGITS}:
        changes["kind"] = "classifier" if forward.probe.manner.several else "layer"
    by_step = bool(roles & {"step_labels", "step_one_hot", "d_every_logits"})
    if (
        loss_before is not None
        and loss_before.loss_is_right
        and level >= 1
        and by_step != loss_before.kind.endswith("steps")
    ):
        return
    if by_step:
        changes["loss"] = "steps"
    if level == 3 and "h_0" not in roles:
        changes["initial"] = "zero"  # it runs forward by itself, from its own first state
    name = "scored" if item == "loss" else "back" if item == "backward" else "stepped"
    call = Call(expression=proposal.text, targets=(name,))
    calls = {k: c for k, c in prior.calls.items() if k != item}
    if item == "train" or level == 3:
        calls = {k: c for k, c in calls.items() if k == "forward"}
        calls = {} if item == "train" else calls
    binding = replace(prior, calls={**calls, item: call}, config={**prior.config, **changes})
    try:
        case = forward.probe.case(**{**binding.config, "activation": forward.activation})
    except ConfigError:
        return  # a layer's gradients together with a loss
    outcome = tried(target, binding, case, title=proposal.text)
    if isinstance(outcome, Failed):
        return
    yield from read(
        forward, binding, entry, proposal, outcome, level, by_step=by_step, loss_before=loss_before
    )
