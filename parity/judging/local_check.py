"""The local check: a second test, which names the step where a mistake is made."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from parity.model.branches import Branches
from parity.model.case import Array, Case
from parity.model.comparison import Comparison, compare, is_comparable
from parity.model.formats import UNIT_ROUNDOFF, smallest_subnormal
from parity.model.names import DELTA
from parity.model.trace import Trace, outputs
from parity.reference.base import Step
from parity.reference.exact.one_step import stepwise
from parity.reference.thresholds import LIMIT

OWN_STATE, OWN_DELTA = "f of own h[t-1]", "own delta[t+1]"
"""The names of the expected values, for the steps of states and of delta."""


def local_checks(case: Case, subject: Trace, reference: Trace) -> tuple[Comparison, ...]:
    """Compare each step with the value that follows from the subject's own neighbouring step.

    The states of every layer that the subject offers are checked forward, and `delta` backward if
    it is offered. Nothing is checked where `hidden` does not have the reference's structure.
    """
    hidden, delta = subject.get("hidden"), subject.get(DELTA)
    if hidden is None or not is_comparable(hidden, reference["hidden"]):
        return ()
    states = [n for n in outputs(case.config) if n in subject and n in reference]
    offered = {n: subject[n] for n in states if is_comparable(subject[n], reference[n])}
    if delta is not None and is_comparable(delta, hidden):
        offered[DELTA] = delta
    u, least = UNIT_ROUNDOFF[case.config.dtype], smallest_subnormal(case.config.dtype)
    found = []
    steps = stepwise(case, offered)
    for name, step in steps.items():
        own = offered[name][:, : step.expected.shape[1]]
        expected, allowed = step.expected.astype(own.dtype), LIMIT * u * step.gauge + least
        if name == DELTA and (doubt := _gates_in_doubt(case, hidden, steps)) is not None:
            allowed = np.where(doubt[:, : own.shape[1]], np.inf, allowed)
        against = OWN_DELTA if name == DELTA else OWN_STATE
        compared = compare(name, own, expected, allowed, against=against)
        found.append(replace(compared, detail=_first_step(name, own, expected, allowed)))
    if delta is not None and DELTA not in offered:
        found.append(compare(DELTA, delta, hidden, np.inf, against=OWN_DELTA))
    return tuple(found)


def _gates_in_doubt(case: Case, hidden: Array, steps: Mapping[str, Step]) -> Array | None:
    """Return where the states do not show relu's gate, by which delta is multiplied."""
    shown = Branches.of(case, {"hidden": hidden})
    if shown is None:
        return None
    clean = {"hidden": steps["hidden"].expected}
    return shown.doubted(case.config, {"hidden": hidden}, clean).doubt.get("hidden")


def _first_step(name: str, own: Array, expected: Array, allowed: Array) -> str:
    """Return which step is the first wrong one, in the order of computation, if there are more."""
    wrong = (~(np.abs(own - expected) <= allowed)).any(axis=(0, 2))  # (steps,)
    if not wrong.any() or len(wrong) == 1:
        return ""
    steps = np.flatnonzero(wrong)
    first = steps[-1] if name == DELTA else steps[0]
    return f"first wrong at t = {first}, in {len(steps)} of {len(wrong)} steps"
