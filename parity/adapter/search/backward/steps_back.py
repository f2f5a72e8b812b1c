"""Steps back: the ways to call a cell's backward pass at every step, from the last to the first.

| the gradient by the state before is | text                                                      |
|-------------------------------------|-----------------------------------------------------------|
| returned, and added by the caller   | `for t reversed: dx, dh = back(upstream[:, t] + dh, h)`   |
| handed over on its own              | `for t reversed: dx, dh = back(upstream[:, t], dh, h)`    |
| kept by the object                  | `for t reversed: dx = back(upstream[:, t])`               |

A cell that keeps one step only is asked for that step again before it goes back. Gradients of
parameters that a step answers anew are summed over the steps; so are lists with one for each step.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call, Loop
from parity.adapter.search.backward import gradients
from parity.adapter.search.backward.backwards import penalty_of
from parity.adapter.search.backward.readings import BY_LOGITS, LABELS, Backward, read
from parity.adapter.search.backward.step_answers import (
    KEPT,
    begins_right,
    has_shape,
    has_tape,
    joined_steps,
    summing,
)
from parity.adapter.search.backward.step_arguments import LATER, SCORES, STATE, Texts, options
from parity.adapter.search.calling.calls import Proposal, parameters, proposals
from parity.adapter.search.forward.entries import Entry, entries
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.trials import Outcome, Target, tried
from parity.model.errors import ConfigError

ATTEMPTS = 700
"""Attempts that the steps back may take."""

PROPOSALS = 60
"""Ways to call one function, at most."""

EFFORT = 1.6
"""The penalty of a function's name, at most."""


def is_loop(forward: Forward) -> bool:
    """Return whether a forward pass is a cell, called at every step."""
    return forward.binding.calls["forward"].loop is Loop.FORWARD


def stepped_back(target: Target, forward: Forward, prior: Binding) -> list[Backward]:
    """Return, for each function that may go back by one step, what it has answered at its best."""
    owner = forward.outcome.session.model if target.cls is not None else target.module
    budget = target.attempts.made + ATTEMPTS
    found = []
    for entry in sorted(
        entries(owner, target.module), key=lambda one: penalty_of("backward", one, forward)
    ):
        if entry.name == forward.entry.name or target.attempts.made > budget:
            continue
        if penalty_of("backward", entry, forward) <= EFFORT:
            best = _best(target, forward, prior, entry, budget)
            found += [] if best is None else [best]
    return found


def _best(
    target: Target, forward: Forward, prior: Binding, entry: Entry, budget: int
) -> Backward | None:
    """Return the best way to call a function: one that no name says only where no other works."""
    given = {p.name: options(p, forward) for p in parameters(entry.function)}
    best: Backward | None = None
    for count, proposal in enumerate(
        proposals(entry.name, entry.function, forward.probe.manner, (), given=given)
    ):
        if count >= PROPOSALS or target.attempts.made > budget:
            break
        if best is not None and _is_enough(best, forward, is_named=proposal.is_named):
            break
        if not proposal.roles & {STATE, SCORES, *LABELS}:
            continue
        for one in _ways(target, forward, prior, entry, proposal):
            if best is None or one.rank > best.rank:
                best = one
    return best


def _is_enough(found: Backward, forward: Forward, *, is_named: bool) -> bool:
    """Return whether no other call is needed: all is right, or names say that this one is meant."""
    own = {n for n in gradients.parameters_of(forward) if found.level or not n.endswith("out")}
    said = found.proposal.is_named and not is_named and {"W_x", "W_h"} <= found.found.weights
    return own <= found.found.right or said


def _ways(
    target: Target, forward: Forward, prior: Binding, entry: Entry, proposal: Proposal
) -> Iterator[Backward]:
    """Yield what a call answers, the gradient kept by the object or carried by its caller."""
    calls = [proposal.text]
    if again := _again(forward, proposal):
        calls.append(again)
    for text in calls:
        alone = Call(expression=text, targets=(KEPT,), loop=Loop.BACKWARD)
        first = _tried(target, forward, prior, proposal, alone)
        if first is None:
            continue
        carried = list(_carried(forward, proposal, alone, first))
        ways = [] if LATER in proposal.roles else [(alone, first)]
        for call in carried:
            outcome = _tried(target, forward, prior, proposal, call)
            ways += [] if outcome is None else [(call, outcome)]
        found = [
            one
            for call, outcome in reversed(ways)
            for one in _read(target, forward, prior, entry, proposal, call, outcome)
        ]
        yield from found
        if any(one.found.right for one in found):
            return


def _again(forward: Forward, proposal: Proposal) -> str:
    """Return the call after that step's forward pass, where an object keeps one step only."""
    if forward.outcome.session.model is None or "h" not in forward.binding.values:
        return ""
    if has_tape(forward):
        return ""
    step = re.sub(r"\bh\b", "h_before", forward.binding.calls["forward"].expression)
    return f"({step}, {proposal.text})[1]"


def _binding(forward: Forward, prior: Binding, proposal: Proposal, call: Call) -> Binding:
    changes: dict[str, Any] = {}
    if not proposal.roles & {SCORES, *LABELS}:
        changes["kind"] = "layer"
    elif "every_logits" in forward.seen:
        changes["loss"] = "steps"
    values = dict(prior.values)
    if "dh" in call.names:
        values["dh"] = Texts.of(forward).start
    calls = {name: one for name, one in prior.calls.items() if name != "backward"}
    return replace(
        prior, calls={**calls, "backward": call}, config={**prior.config, **changes}, values=values
    )


def _tried(
    target: Target, forward: Forward, prior: Binding, proposal: Proposal, call: Call
) -> Outcome | None:
    binding = _binding(forward, prior, proposal, call)
    try:
        case = forward.probe.case(**{**binding.config, "activation": forward.activation})
    except ConfigError:
        return None
    outcome = tried(target, binding, case, title=call.expression)
    return None if isinstance(outcome, Failed) else outcome


def _carried(forward: Forward, proposal: Proposal, alone: Call, first: Outcome) -> Iterator[Call]:
    """Yield the calls that hand the gradient by the state before to the step before."""
    value = first.session.values.get(KEPT)
    view = Texts.of(forward).view
    expression = alone.expression
    if LATER not in proposal.roles:
        added = f"upstream{view} + {{}}"
        expression = expression.replace(f"upstream{view}", added, 1)
        if added not in expression:
            return
    for leaf in first.returned:
        if not has_shape(forward, leaf, "NH"):
            continue
        text = expression.format("dh") if LATER not in proposal.roles else expression
        if leaf.text == KEPT:
            yield replace(alone, expression=text, targets=("dh",))
        elif isinstance(value, (tuple, list)) and re.fullmatch(rf"{KEPT}\[\d+\]", leaf.text):
            place = int(leaf.text.removeprefix(KEPT)[1:-1])
            targets = tuple(_named(forward, value[i], i, carried=place) for i in range(len(value)))
            yield replace(alone, expression=text, targets=targets)
        elif isinstance(value, dict) and LATER not in proposal.roles:
            later = f"({leaf.text} if t < steps - 1 else 0)"
            yield replace(alone, expression=expression.format(later))


def _named(forward: Forward, value: Any, place: int, carried: int) -> str:
    if place == carried:
        return "dh"
    is_x = isinstance(value, np.ndarray) and has_shape(forward, Leaf(text="v", array=value), "NF")
    return "dx" if is_x else f"{KEPT}_{place}"


def _read(
    target: Target, forward: Forward, prior: Binding, entry: Entry, proposal: Proposal,
    call: Call, outcome: Outcome,
) -> Iterator[Backward]:  # fmt: skip
    binding = _binding(forward, prior, proposal, call)
    if (anew := summing(target, forward, binding, call, outcome)) is not None:
        found = _tried(target, forward, prior, proposal, anew)
        if found is not None:
            call, outcome = anew, found
            binding = _binding(forward, prior, proposal, call)
    leaves = tuple(joined_steps(target, forward, binding, call, outcome))
    begun = begins_right(outcome, leaves)
    level = 2 if proposal.roles & {*LABELS} else 1 if proposal.roles & {*BY_LOGITS} else 0
    for one in read(
        forward, binding, entry, proposal, replace(outcome, returned=leaves), level,
        by_step=level > 0,
    ):  # fmt: skip
        yield replace(one, is_begun=begun)
