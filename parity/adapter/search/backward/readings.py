"""Readings: the loss, the gradients and the moved weights that one call has answered.

In: a forward pass, a call after it and its outcome. Out: a `Backward` for each kind of loss that
the numbers can be of, with what is right in it.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity.adapter.binding import Binding
from parity.adapter.search.backward import gradients
from parity.adapter.search.backward.gradients import Gradients
from parity.adapter.search.calling.calls import Proposal
from parity.adapter.search.forward.entries import Entry
from parity.adapter.search.forward.judged import Forward, factors
from parity.adapter.search.forward.several import joined
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import Probe, expected
from parity.adapter.search.trials import Outcome
from parity.model.case import Array, Case

LABELS = ("labels", "one_hot", "step_labels", "step_one_hot")


BY_LOGITS = ("d_logits", "d_every_logits")


BY_STATES = ("upstream", "d_last")


KINDS = {
    "labels": ("mean", "squared"),
    "steps": ("steps", "squared-steps"),
}


@dataclass(frozen=True, kw_only=True)
class Backward:
    """One call after a forward pass, and what it has answered."""

    entry: Entry
    proposal: Proposal
    binding: Binding
    outcome: Outcome
    level: int  # how much of the way it computes: 0 from the states' gradient, 3 from x and labels
    kind: str = ""  # of the loss; empty where the gradients of the layer are asked for
    factor: str = "1"  # its loss over ours
    loss: str = ""  # where the loss is
    loss_is_right: bool = False
    found: Gradients = field(default_factory=Gradients)
    is_begun: bool = False  # what it computes first is right
    moved: frozenset[str] = frozenset()  # parameters that it has changed

    @property
    def evidence(self) -> float:
        """How much of the answer is right."""
        return 2.0 * len(self.found.right) + 3.0 * self.loss_is_right

    @property
    def rank(self) -> tuple[float, ...]:
        """What decides between two ways to call one function."""
        offered = len(self.found.places) + 0.5 * len(self.moved)
        return self.evidence, offered - self.proposal.penalty


def level_of(proposal: Proposal) -> int:
    """Return how much of the way a call computes."""
    roles = proposal.roles
    if roles & {*LABELS}:
        return 3 if "x" in roles else 2
    return 1 if roles & {*BY_LOGITS} else 0


def read(
    forward: Forward, binding: Binding, entry: Entry, proposal: Proposal, outcome: Outcome,
    level: int, *, by_step: bool, loss_before: Backward | None = None,
) -> Iterator[Backward]:  # fmt: skip
    """Yield the readings of an outcome, one for each kind of loss that it can be of."""
    probe, case = forward.probe, outcome.session.case
    offered = [leaf for leaf in outcome.found if leaf.text not in _answered(forward)]
    offered = [leaf for leaf in offered if not _is_weight(case, leaf)]
    if probe.manner.several:
        offered = [*joined(probe, outcome.session, offered).values(), *offered]
    moved = frozenset(
        name for name, text in forward.leaves.items()
        if any(leaf.text == text and outcome.has_changed(leaf) for leaf in outcome.held)
    )  # fmt: skip
    if level < 2:
        kinds: Sequence[str] = ("steps" if by_step else "mean",)
        kinds = ("",) if case.config.kind == "layer" else kinds
    else:
        kinds = KINDS["steps" if by_step else "labels"]
    if loss_before is not None and loss_before.loss_is_right and level >= 2:
        kinds = (loss_before.kind,)
    for kind in kinds:
        asked_case = case if not kind else probe.case(**{**_options(case), "loss": kind})
        right = expected(asked_case)
        loss, of_loss = _loss(probe, offered, right)
        loss_is_right = bool(loss and of_loss)
        if loss_before is not None and loss_before.loss_is_right:
            of_loss = of_loss or loss_before.factor
        times = factors(probe) if level >= 2 else {"1": 1.0}
        by_factor = {f: gradients.find(probe, forward, offered, right, k) for f, k in times.items()}
        by_factor = {
            f: _with_moves(g, moved, outcome, right, times[f]) for f, g in by_factor.items()
        }
        factor = _factor(by_factor, of_loss if of_loss in times else "")
        yield Backward(
            entry=entry, proposal=proposal, binding=binding, outcome=outcome, level=level,
            kind=kind, factor=factor, loss=loss, loss_is_right=loss_is_right,
            found=by_factor[factor], moved=moved,
        )  # fmt: skip


def _is_weight(case: Case, leaf: Leaf) -> bool:
    """Return whether an array is one of the weights, as a call that hands them out returns it."""
    for weight in case.parameters.values():
        for one in (weight, weight.T):
            if leaf.array.size == one.size and np.array_equal(leaf.array.reshape(one.shape), one):
                return True
    return False


def _with_moves(
    found: Gradients,
    moved: frozenset[str],
    outcome: Outcome,
    right: Mapping[str, Array],
    times: float,
) -> Gradients:
    """Add the parameters that were moved by the learning rate times the right gradient."""
    case, exact = outcome.session.case, set(found.right)
    for name, now in outcome.after.items():
        if name not in moved or name in found.places or f"grad/{name}" not in right:
            continue
        before = getattr(case, name)
        if now.shape == before.shape:
            step = (before - now) / case.lr
            if np.allclose(step, right[f"grad/{name}"] * times, rtol=1e-5, atol=1e-8):
                exact.add(name)
    return replace(found, right=frozenset(exact))


def _options(case: Case) -> dict[str, Any]:
    config = case.config
    return {n: getattr(config, n) for n in ("kind", "initial", "bias", "activation", "loss")}


def _answered(forward: Forward) -> set[str]:
    return {one.raw for one in forward.seen.values() if one.share > 0}


def _factor(by_factor: Mapping[str, Gradients], of_loss: str) -> str:
    """Return the factor that gradients and loss have in common.

    A loss that is known says it: gradients of another size are wrong then. Without a loss, the
    factor with which most gradients are right.
    """
    if of_loss:
        return of_loss
    return max(by_factor, key=lambda f: (len(by_factor[f].right), f == "1"))


def _loss(probe: Probe, offered: Sequence[Leaf], right: Mapping[str, Array]) -> tuple[str, str]:
    """Return where the loss is, and by which factor it is another; empty where nothing says so."""
    scalars = [leaf for leaf in offered if leaf.array.size == 1 and leaf.array.dtype.kind == "f"]
    scalars = [
        leaf
        for leaf in scalars
        if leaf.array.ndim == 0 or leaf.text.startswith(("back", "scored", "stepped", "out"))
    ]
    if "loss" not in right:
        return "", ""
    value = float(right["loss"])
    for leaf, (factor, times) in itertools.product(scalars, factors(probe).items()):
        if abs(float(leaf.array.reshape(())) - value * times) <= 1e-5 * abs(value * times):
            return _number(leaf), factor
    for leaf in scalars:
        returned = leaf.text in ("back", "scored", "stepped", "back[0]", "scored[0]", "stepped[0]")
        if returned or "loss" in leaf.text.lower() or "cost" in leaf.text.lower():
            return _number(leaf), ""
    return "", ""


def _number(leaf: Leaf) -> str:
    return leaf.text if leaf.array.ndim == 0 else f"{leaf.text}.reshape(())"
