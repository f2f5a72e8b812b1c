"""Again: whether an object answers a second time as it did first, and which call makes it so."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.adapter import borders, names
from parity.adapter.attempts import Failed, attempt
from parity.adapter.binding import Binding
from parity.adapter.expressions import evaluate
from parity.adapter.running.interpreter import Run, made
from parity.adapter.running.session import Session
from parity.adapter.search.calling.calls import is_required, parameters, proposals
from parity.adapter.search.forward.entries import entries
from parity.adapter.search.leaves import members
from parity.adapter.search.probe import Probe
from parity.adapter.search.trials import Target
from parity.model.case import Case

STEPPING = ("update", "train")


def answered(target: Target, run: Run, case: Case) -> Mapping[str, Any] | None:
    """Return copies of what a run answers; None where it raises."""
    found = attempt(target.module, target.attempts, lambda: run(case))
    return None if isinstance(found, Failed) else {n: np.array(a) for n, a in found.items()}


def changes(target: Target, binding: Binding, case: Case) -> bool:
    """Return whether a second answer to one question differs from the first."""
    run = Run(replace(binding, by_steps=False), target.module)
    first, second = answered(target, run, case), answered(target, run, case)
    return first is not None and second is not None and not _same(first, second)


def adds_up(target: Target, binding: Binding, case: Case) -> bool:
    """Return whether a second answer differs in gradients alone, which are twice the first ones."""
    run = Run(replace(binding, by_steps=False), target.module)
    first, second = answered(target, run, case), answered(target, run, case)
    if first is None or second is None or first.keys() != second.keys():
        return False
    other = [n for n in first if not np.array_equal(first[n], second[n], equal_nan=True)]
    gradients = [n for n in other if n.startswith("grad/")]
    return (
        bool(gradients)
        and all(np.allclose(second[n], 2 * first[n], rtol=1e-6, atol=1e-9) for n in gradients)
        and all(n.startswith(("grad/", "step/")) for n in other)
    )


def _same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(first[n], second[n], equal_nan=True) for n in first
    )


def renewed(target: Target, probe: Probe, binding: Binding, case: Case) -> Binding:
    """Return the binding with the author's own call that clears what an earlier case has left.

    It is one that leaves the weights alone, and after which a second answer is as the first. What
    nothing clears stays: a later stage judges it.
    """
    calls = {n: c for n, c in binding.calls.items() if n not in STEPPING}
    before = replace(binding, calls=calls, fresh=False)
    if not binding.make or not calls or not changes(target, before, case):
        return binding
    first = answered(target, Run(before, target.module), case)
    for text in _clearing(target, probe, before, case):
        one = replace(before, reset=(*before.reset, text))
        run = Run(one, target.module)
        pair = [answered(target, run, case) for _ in range(2)]
        if first is not None and all(a is not None and _same(first, a) for a in pair):
            return replace(binding, reset=one.reset)
    return binding


def _clearing(target: Target, probe: Probe, binding: Binding, case: Case) -> Iterator[str]:
    """Yield calls that may clear something, and that leave the weights as they are."""
    model = attempt(target.module, target.attempts, lambda: made(binding, target.module, case))
    if isinstance(model, Failed):
        return
    called = " ".join(call.expression for call in binding.calls.values())
    for entry in entries(model, target.module):
        if f"{entry.name}(" in called:
            continue
        ways = proposals(entry.name, entry.function, probe.manner, ("h_0", "batch"))
        for proposal in itertools.islice(ways, 3):
            if _keeps_weights(target, binding, case, proposal.text):
                yield proposal.text
    if _has_zeroing(target):
        slopes = [leaf.text for leaf in members(model) if leaf.text.endswith(".grad")]
        if slopes:
            yield f"[slope.fill(0) for slope in ({', '.join(slopes)},)]"


def _keeps_weights(target: Target, binding: Binding, case: Case, text: str) -> bool:
    """Return whether a call leaves every weight as it is."""

    def action() -> bool:
        session = Session(binding, target.module, case, made(binding, target.module, case))
        session.set_weights()
        session.value(text)
        for name, place, scope in session.places():
            if name in case.parameters:
                there = borders.as_array(evaluate(place, scope))
                if there is None or not borders.holds(there, getattr(case, name)):
                    return False
        return True

    return attempt(target.module, target.attempts, action) is True


def _has_zeroing(target: Target) -> bool:
    """Return whether another class of the file, an optimiser, sets gradients to zero."""
    return any(
        names.is_like(name, ("zero_?grads?",))
        for value in vars(target.module).values()
        if isinstance(value, type) and value is not target.cls
        if any(is_required(p) for p in parameters(value))
        for name in vars(value)
    )
