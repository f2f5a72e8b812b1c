"""Forwards: the ways to ask somebody's code for its states and scores, each with its evidence."""

import itertools
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call
from parity.adapter.search.calling.calls import Proposal, proposals
from parity.adapter.search.forward.answers import seen
from parity.adapter.search.forward.entries import Entry, entries, resets
from parity.adapter.search.forward.judged import Forward, judged
from parity.adapter.search.forward.loops import started
from parity.adapter.search.forward.objects import Making
from parity.adapter.search.forward.places import Hypothesis, forms, hypotheses
from parity.adapter.search.forward.several import always, joined
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import Probe
from parity.adapter.search.trials import Outcome, Target, perturbed, tried
from parity.model.case import Case

ROLES = ("x", "mask", "h_0", "labels", "one_hot", "step_labels", "step_one_hot", "lr")
"""Roles of a forward pass's arguments, but for weights."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is tried in one manner of asking."""

    attempts: int
    proposals: int  # of one function, at most
    penalty: float  # of a proposal, at most
    loops: bool = False  # cells, called at every step, and not whole sequences

    def of(self, some: Iterator[Proposal]) -> Iterator[Proposal]:
        """Yield the proposals that are tried."""
        for count, proposal in enumerate(some):
            if proposal.penalty > self.penalty or count >= self.proposals:
                return
            yield proposal


def of_object(
    target: Target, probe: Probe, making: Making, model: Any, effort: Effort
) -> Iterator[Forward]:
    """Yield the forward passes of an object, those with little to guess first."""
    budget = target.attempts.made + effort.attempts
    own = entries(model, target.module)
    made = making.binding(target, resets(probe, own))
    if effort.loops:
        yield from _looped(target, probe, making, made, own, effort, budget)
        return
    queue = [
        (entry, proposal)
        for entry in own
        for proposal in effort.of(proposals(entry.name, entry.function, probe.manner, ROLES))
        if "x" in proposal.roles
    ]
    queue.sort(key=lambda pair: pair[0].penalty + pair[1].penalty)
    for entry, proposal in queue:
        if target.attempts.made > budget or not target.attempts.left:
            return
        start = {} if "h_0" in proposal.roles else {"initial": "zero"}
        call = Call(expression=proposal.text)
        binding = replace(made, calls={"forward": call}, config=start)
        yield from _asked(target, probe, making, entry, proposal, binding)


def _looped(
    target: Target,
    probe: Probe,
    making: Making,
    made: Binding,
    own: Sequence[Entry],
    effort: Effort,
    budget: int,
) -> Iterator[Forward]:
    """Yield forward passes that call a cell of an object at every step."""
    for entry in own:
        for proposal, binding in started(
            target, probe, made, entry.name, entry.function, most=effort.proposals
        ):
            if target.attempts.made > budget:
                return
            carried = "h_t" in proposal.roles or "h_0" in binding.parameters
            full = replace(binding, config={} if carried else {"initial": "zero"})
            yield from _asked(target, probe, making, entry, proposal, full)


def _asked(
    target: Target,
    probe: Probe,
    making: Making,
    entry: Entry,
    proposal: Proposal,
    binding: Binding,
) -> Iterator[Forward]:
    """Ask once with the object's own weights; where it answers, find out where they sit."""
    case = probe.case(**binding.config)
    outcome = tried(target, binding, case, title=proposal.text)
    if isinstance(outcome, Failed) or not _answers(probe, case, outcome):
        return
    if _makes_weights(probe, outcome):  # in the first call: the setting of weights comes later
        binding = replace(binding, setup=(*binding.setup, proposal.text))
        outcome = tried(target, binding, case)
        if isinstance(outcome, Failed):
            return
    penalty = making.penalty + entry.penalty + proposal.penalty
    live, state = live_leaves(target, probe, binding, case, outcome)
    if not target.several and (option := always(probe, outcome, live)):
        target.several = option
        return
    live, own = _in_pairs(probe, outcome, live)
    for hypothesis in itertools.islice(hypotheses(probe, live), 24):
        held = _with_head(probe, outcome, hypothesis)
        placed = {**binding.parameters, **held.places}
        if state:
            placed["h_0"] = state
        known = {*placed, *({"b"} & making.roles)}
        bias = {"bias": "zero"} if lacks_bias(known) else {}
        full = replace(binding, parameters=placed, config={**binding.config, **bias})
        yield from judged(
            target, probe, full, entry, proposal,
            leaves={n: own.get(t, t) for n, t in held.leaves.items()},
            penalty=penalty + held.penalty,
            unplaced=_unplaced(outcome, live, held),
            both="activation" in making.roles,
        )  # fmt: skip


def _in_pairs(
    probe: Probe, outcome: Outcome, live: list[Leaf]
) -> tuple[list[Leaf], dict[str, str]]:
    """Return the arrays, those of two layers or directions together, and the held one of each."""
    if not probe.manner.several:
        return live, {leaf.text: leaf.text for leaf in live}
    pairs = joined(probe, outcome.session, live)
    live = [*pairs.values(), *(leaf for leaf in live if _of_head(probe, leaf))]
    return live, {leaf.text: leaf.text for leaf in live} | {
        pair.text: text for text, pair in pairs.items()
    }


def _unplaced(outcome: Outcome, live: Sequence[Leaf], hypothesis: Hypothesis) -> str:
    """Return an array that is read, could be a weight, and has no place; empty without one."""
    placed = " ".join(hypothesis.places.values())
    for leaf in live:
        is_gradient = leaf.text.endswith(".grad") or names.is_like(leaf.name, names.GRADIENT)
        if leaf.text in outcome.before and leaf.text not in placed and not is_gradient:
            return leaf.text
    return ""


def _of_head(probe: Probe, leaf: Leaf) -> bool:
    """Return whether an array has the shape of a head's weights."""
    parts = {part for form in forms(probe, leaf) for part in form.parts}
    return bool(parts) and parts <= {"W_out", "b_out"}


def _makes_weights(probe: Probe, outcome: Outcome) -> bool:
    """Return whether an object has had no square matrix before its first call, and has one now."""
    square = [
        leaf for leaf in outcome.held if any("W_h" in form.parts for form in forms(probe, leaf))
    ]
    return bool(square) and not any(leaf.text in outcome.before for leaf in square)


def _with_head(probe: Probe, outcome: Outcome, found: Hypothesis) -> Hypothesis:
    """Return the places with those of a head that the call does not read, but a loss may."""
    if {"W_out", "b_out"} & {*found.places}:
        return found
    places, leaves = dict(found.places), dict(found.leaves)
    for part in ("W_out", "b_out"):
        spare = [
            form
            for leaf in outcome.held
            if leaf.text in outcome.before and not outcome.has_changed(leaf)
            if hypothesised(probe, leaf)
            for form in forms(probe, leaf)
            if form.parts == (part,)
        ]
        if len(spare) > 1:  # a weight called V is no memory of an optimiser
            spare = [form for form in spare if not names.is_like(form.leaf.name, names.GRADIENT)]
        if len(spare) == 1:
            places[part], leaves[part] = spare[0].views[0][1], spare[0].leaf.text
    return replace(found, places=places, leaves=leaves)


def lacks_bias(parts: AbstractSet[str]) -> bool:
    """Return whether a network has no bias, or none in its head: then all biases are zero."""
    return "b" not in parts or ("W_out" in parts and "b_out" not in parts)


def _answers(probe: Probe, case: Case, outcome: Outcome) -> bool:
    """Return whether there is an array of states or scores, or a number, in an answer."""
    found = outcome.found
    if seen(probe, case, found) or outcome.session.history:
        return True
    return any(leaf.array.size == 1 for leaf in outcome.returned)


def live_leaves(
    target: Target, probe: Probe, binding: Binding, case: Case, outcome: Outcome
) -> tuple[list[Leaf], str]:
    """Return the held arrays that the answer depends on, and the place of an initial state.

    An initial state has no effect where every square matrix is zero; a bias has.
    """
    held = [leaf for leaf in outcome.held if leaf.text in outcome.before]
    shaped = [leaf for leaf in held if hypothesised(probe, leaf)]
    live = [leaf for leaf in shaped if _moves(target, binding, case, outcome, leaf)]
    if not live:  # made in the call itself
        held = [leaf for leaf in outcome.held if hypothesised(probe, leaf)]
        return held, ""
    flat = [leaf for leaf in live if leaf.array.size == probe.config.hidden]
    square = [leaf for leaf in live if leaf.array.shape == (probe.config.hidden,) * 2]
    if probe.manner.layers > 1:
        return live, ""  # a second layer's W_x is square, too
    if len(flat) > 1 or (flat and names.is_like(flat[0].name, names.STATE)):
        states = [
            leaf for leaf in flat if not _moves(target, binding, case, None, leaf, zeroed=square)
        ]
        live = [leaf for leaf in live if leaf not in states]
        if states and not outcome.has_changed(states[0]):
            return live, states[0].text
    return live, ""


def hypothesised(probe: Probe, leaf: Leaf) -> bool:
    """Return whether an array has the shape of a parameter."""
    return leaf.array.dtype.kind == "f" and bool(forms(probe, leaf))


def _moves(
    target: Target,
    binding: Binding,
    case: Case,
    outcome: Outcome | None,
    leaf: Leaf,
    zeroed: Sequence[Leaf] = (),
) -> bool:
    """Return whether a little more in an array changes what a call answers."""

    def tweak(session: Any) -> None:
        for other in zeroed:
            session.value(other.text)[...] = 0
        if moving:
            perturbed(leaf.text)(session)

    answers = []
    for moving in (False, True):
        if not moving and outcome is not None:
            answers.append(outcome)
            continue
        found = tried(target, binding, case, tweak=tweak)
        if isinstance(found, Failed):
            return False
        answers.append(found)
    first, second = ({a.text: a.array for a in o.found if a.text != leaf.text} for o in answers)
    return any(
        text in second and not np.array_equal(array, second[text], equal_nan=True)
        for text, array in first.items()
    )
