"""Updates: the calls that move the weights, by gradients or all at once.

In: a forward pass and what comes before. Out: the call that makes one step of SGD with the
gradients of another, and the one that goes from x and labels to changed weights.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding
from parity.adapter.expressions import evaluate, names_in
from parity.adapter.search.backward import gradients
from parity.adapter.search.backward.backwards import asked, candidates
from parity.adapter.search.backward.gradients import Gradients, parameters_of
from parity.adapter.search.backward.labelled import has_no_place_for_labels, kind_of_labels
from parity.adapter.search.backward.readings import BY_LOGITS, BY_STATES, Backward, level_of
from parity.adapter.search.calling.static import facts
from parity.adapter.search.calling.values import Value
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.probe import expected, writable
from parity.adapter.search.trials import Outcome, Target, tried
from parity.model.case import Case

NAMED = 2.4
"""The penalty of a call, at most, while its names say what it is."""


def update_of(target: Target, forward: Forward, backward: Backward) -> Backward | None:
    """Return the call that makes a step with the gradients of `backward`."""
    if backward.moved:
        return None
    more = _gradients_by_name(backward)
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
            if not (found.moved or stepped.weights):
                idle = found if idle is None and _says_step(found) else idle
                continue
            made = replace(found, found=stepped)
            if best is None or _step_rank(made) > _step_rank(best):
                best = made
            if len(stepped.right) + len(right_moves(made)) >= len(parameters_of(forward)):
                return made
    return best or idle


def _says_step(found: Backward) -> bool:
    """Return whether a method that moves nothing is still a step, by its name and its argument.

    One that keeps the rate for later is none.
    """
    session = found.outcome.session
    kept = [v for v in getattr(session.model, "__dict__", {}).values() if isinstance(v, float)]
    said = names.is_like(found.entry.name.rpartition(".")[2], names.UPDATE)
    is_method = session.model is not None and [*found.proposal.roles] == ["lr"]
    return said and is_method and session.case.lr not in kept


def _gradients_by_name(backward: Backward) -> dict[str, list[Value]]:
    """Return what the call of `backward` has returned, by the names of an update's parameters."""
    told = facts(backward.entry.function).returned
    value = backward.outcome.session.values.get("back")
    parts = [f"back[{i}]" for i in range(len(value))] if isinstance(value, tuple) else []
    every = [
        Value(text=text, role="gradients", penalty=0.1 * place)
        for place, text in enumerate(("back", *parts))
    ]
    by_name = dict.fromkeys(GRADIENTS, every)
    if parts and len(told) == len(parts):
        own = zip(told, parts, strict=True)
        by_name |= {name: [Value(text=part, role=part)] for name, part in own if name}
    return by_name


GRADIENTS = ("grads", "gradients", "grad", "g", "dparams", "gradient", "d_params", "delta")
"""Names under which an update takes all gradients together."""


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


def train_of(
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
            if not {"W_h"} <= found.moved or has_no_place_for_labels(found, forward):
                continue
            if _starts_anew(target, found):
                continue
            told.setdefault(entry.name, set()).add(kind_of_labels(proposal))
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
