"""Whole: from a forward pass to a binding that asks for everything, and what is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from parity.adapter import names
from parity.adapter.binding import Binding
from parity.adapter.search.backward.backwards import asked, candidates
from parity.adapter.search.backward.composed import Whole
from parity.adapter.search.backward.gradients import parameters_of
from parity.adapter.search.backward.labelled import has_no_place_for_labels, kind_of_labels
from parity.adapter.search.backward.readings import (
    BY_LOGITS,
    BY_STATES,
    LABELS,
    Backward,
    level_of,
    read,
)
from parity.adapter.search.backward.steps_back import is_loop, stepped_back
from parity.adapter.search.backward.updates import NAMED, train_of, update_of
from parity.adapter.search.calling.calls import Proposal
from parity.adapter.search.forward.answers import SIGMOIDS
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.proof import answers
from parity.adapter.search.trials import Outcome, Target


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
        update = update_of(target, forward, backward)
    train = train_of(target, forward, prior, outcome, backward)
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
                and not has_no_place_for_labels(found, forward)
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
    effort, most, attempts = (9.0, 600, 3000) if thorough else (NAMED, 40, 900)
    budget = target.attempts.made + attempts
    readings = _Readings()
    for entry, proposal in candidates(target, forward, outcome, "backward", effort, most):
        if target.attempts.made > budget or not target.attempts.left:
            break
        best = readings.best.get((level_of(proposal), entry.name))
        if best is not None and _is_complete(best, forward):
            continue
        if level_of(proposal) >= 2 and _disagree(loss, proposal):
            continue
        for found in asked(target, forward, prior, entry, proposal, "backward", loss):
            readings.add(found)
    return _best(readings.sure, forward)


@dataclass(frozen=True)
class _Readings:
    """The best reading of each function, by how much of the way it computes and by its name."""

    best: dict[tuple[int, str], Backward] = field(default_factory=dict)
    told: dict[tuple[int, str], set[tuple[bool, bool]]] = field(default_factory=dict)

    def add(self, found: Backward) -> None:
        """Keep a reading if it is the best one, and the kind of labels that it was made with."""
        key = (level_of(found.proposal), found.entry.name)
        best = self.best.get(key)
        if found.proposal.is_named or best is None or not best.proposal.is_named:
            self.told.setdefault(key, set()).add(kind_of_labels(found.proposal))
        if best is None or found.rank > best.rank:
            self.best[key] = found

    @property
    def sure(self) -> list[Backward]:
        """The readings that are right somewhere, or that only one kind of labels fits."""
        return [
            one for key, one in self.best.items() if one.evidence > 0 or len(self.told[key]) == 1
        ]


def _disagree(loss: Backward | None, proposal: Proposal) -> bool:
    """Return whether a right loss wants labels of every step and a call of one, or the reverse."""
    if loss is None or not loss.loss_is_right:
        return False
    return kind_of_labels(loss.proposal)[1] != kind_of_labels(proposal)[1]


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
    if has_no_place_for_labels(found, forward):
        return False
    matrices = {"W_x", "W_h"} & {*parameters_of(forward)}
    answered = found.found.weights | found.moved
    return matrices <= answered and (
        found.evidence > 0 or found.is_begun or found.proposal.is_named
    )
