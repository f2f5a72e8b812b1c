"""Judged: a forward pass that was asked, and how much of its answer is right.

In: a binding with one call. Out: a `Forward`, for the likelier activation: the states, scores and
the loss that it has answered, and its evidence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Loop
from parity.adapter.search.calling.calls import Proposal
from parity.adapter.search.forward.answers import Seen, seen, seen_by_step
from parity.adapter.search.forward.entries import Entry
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import ACTIVATIONS, Probe, expected, writable
from parity.adapter.search.trials import Outcome, Target, tried
from parity.adapter.shapes import SIZES
from parity.model.case import Case

LABELS = ("labels", "one_hot", "step_labels", "step_one_hot")


LOSSES = ("mean", "squared", "steps", "squared-steps")


@dataclass(frozen=True, kw_only=True)
class Forward:
    """A forward pass that was asked: a binding with one call, and what it has answered."""

    probe: Probe
    binding: Binding
    entry: Entry
    proposal: Proposal
    outcome: Outcome
    seen: Mapping[str, Seen]
    leaves: Mapping[str, str] = field(default_factory=dict)  # by parameter: its array
    activation: str = "tanh"
    penalty: float = 0.0
    loss: str = ""  # the kind of loss that it has answered
    unplaced: str = ""  # an array of a weight's shape that is read, and is no parameter

    @property
    def evidence(self) -> float:
        """How much of the answer is right, in the order of computation."""
        hidden = self.seen.get("hidden")
        right = [s for s in self.seen.values() if s.is_right]
        states = 0.0 if hidden is None else 10.0 * hidden.steps + 60.0 * hidden.is_right
        logits = 40.0 * any("logits" in s.kind for s in right)
        last = 20.0 * any(s.kind == "last" for s in right)
        return states + logits + last + 15.0 * bool(self.loss)

    @property
    def rank(self) -> tuple[float, ...]:
        """What decides between two: evidence, then what is answered at all, then names."""
        answered = 4.0 * ("hidden" in self.seen) + 2.0 * any("logits" in k for k in self.seen)
        answered += 1.0 * ("last" in self.seen)
        return self.evidence, -self.penalty + answered

    @property
    def is_right(self) -> bool:
        """Whether all states, and all else that it has answered, are right."""
        states = self.seen.get("hidden")
        asked = bool(self.proposal.roles & {"labels", "one_hot", "step_labels", "step_one_hot"})
        if asked and not self.loss:
            return False  # other labels may be wanted
        return bool(self.seen) and all(
            s.is_right for s in self.seen.values() if s.kind != "last" or states is None
        )

    @property
    def answers_most(self) -> bool:
        """Whether it has answered states or scores: gradients of them can be asked for."""
        return "hidden" in self.seen or any("logits" in kind for kind in self.seen)

    @property
    def case(self) -> Case:
        """The case that it was asked about."""
        return self.outcome.session.case


def judged(
    target: Target,
    probe: Probe,
    binding: Binding,
    entry: Entry,
    proposal: Proposal,
    *,
    leaves: Mapping[str, str],
    penalty: float,
    both: bool,
    unplaced: str = "",
) -> Iterator[Forward]:
    """Run a whole binding, and yield it with what it has answered, for the likelier activation."""
    start = dict(binding.config)
    found = []
    outcome = None
    for activation in ACTIVATIONS:
        case = probe.case(**{**start, "activation": activation})
        if outcome is None or both:
            outcome = tried(target, binding, case)
        if isinstance(outcome, Failed):
            continue
        answered = _seen(target, probe, binding, case, _without_weights(outcome, leaves))
        loss = loss_kind(probe, start | {"activation": activation}, outcome)
        if loss:  # then so are the states and scores: what has their shape is a gradient
            answered = {kind: one for kind, one in answered.items() if one.share > 0}
        if answered or loss:
            found.append(
                Forward(
                    probe=probe, binding=binding, entry=entry, proposal=proposal, outcome=outcome,
                    seen=answered, leaves=leaves, activation=activation, penalty=penalty, loss=loss,
                    unplaced=unplaced,
                )
            )  # fmt: skip
    if found:
        yield max(found, key=lambda f: (f.rank, f.activation == "tanh"))


def _without_weights(outcome: Outcome, leaves: Mapping[str, str]) -> Outcome:
    """Return what a run has left but for the weights, which are no answer where they have moved."""
    weights = {*leaves.values()}
    kept = tuple(leaf for leaf in outcome.held if leaf.text not in weights)
    return replace(outcome, held=kept)


def _seen(
    target: Target, probe: Probe, binding: Binding, case: Case, outcome: Outcome
) -> dict[str, Seen]:
    call = binding.calls["forward"]
    if call.loop is Loop.ONCE:
        found = seen(probe, case, outcome.found)
        if call.names & {*LABELS} and not all(one.is_right for one in found.values()):
            found = seen(probe, case, _without_labels(target, binding, case, outcome))
        return found
    return seen_by_step(probe, case, outcome, partial(_with_answer, target, binding, case))


def _without_labels(target: Target, binding: Binding, case: Case, outcome: Outcome) -> list[Leaf]:
    """Return the arrays that stay as they are with other labels: no loss, and no gradient."""
    others = (np.roll(case.labels, 1), case.step_labels[::-1, ::-1])
    changed = case.replace(labels=others[0], step_labels=others[1])
    again = tried(target, binding, writable(changed))
    if isinstance(again, Failed):
        return outcome.found
    other = {leaf.text: leaf.array for leaf in again.found}
    return [
        leaf
        for leaf in outcome.found
        if leaf.text in other and np.array_equal(leaf.array, other[leaf.text], equal_nan=True)
    ]


def _with_answer(
    target: Target, binding: Binding, case: Case, kind: str, text: str
) -> np.ndarray[Any, Any] | None:
    """Return what a loop answers where one answer is read at every step."""
    call = replace(binding.calls["forward"], answers=((kind, text),))
    outcome = tried(target, replace(binding, calls={"forward": call}), case)
    return None if isinstance(outcome, Failed) else outcome.session.answers.get(kind)


def loss_kind(probe: Probe, changes: Mapping[str, Any], outcome: Outcome) -> str:
    """Return the kind of loss that a number in the answer is, up to a factor of sizes."""
    numbers = [float(leaf.array.reshape(())) for leaf in outcome.returned if leaf.array.size == 1]
    for kind in LOSSES if numbers else ():
        right = float(expected(probe.case(**{**changes, "loss": kind}))["loss"])
        for number in numbers:
            if any(
                abs(number - right * k) <= 1e-6 * abs(right * k) for k in factors(probe).values()
            ):
                return kind
    return ""


def factors(probe: Probe) -> dict[str, float]:
    """Return the factors by which somebody's loss may differ from ours, as text and number."""
    config, found = probe.config, {"1": 1.0}
    for text in ("batch", "steps", "batch * steps", "2", "classes", "2 * batch", "2 / classes"):
        size = float(eval(text, {n: getattr(config, n) for n in SIZES}))  # noqa: S307 - our own text
        if size != 1:
            found |= {text: size, f"1 / ({text})" if " " in text else f"1 / {text}": 1 / size}
    for over, size in (("classes", 1), ("classes * steps", config.steps)):  # of every entry
        found[f"2 / ({over})"] = 2 / (config.classes * size)
    found["1 / (classes * steps)"] = 1 / (config.classes * config.steps)
    return found
