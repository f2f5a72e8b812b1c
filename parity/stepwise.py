"""The local check: a second witness, which names the step where a mistake is made."""

from dataclasses import replace

import numpy as np

from parity.case import Array, Case
from parity.comparison import Comparison, comparable, compare
from parity.precision import UNIT_ROUNDOFF, smallest_subnormal
from parity.trace import Trace
from parity.yardstick import LIMIT, Yardstick

OWN_STEP = {"hidden": "f of own h[t-1]", "delta": "own delta[t+1]"}
"""What each array's steps are held against."""


def by_own_steps(
    case: Case, subject: Trace, reference: Trace, yardstick: Yardstick
) -> tuple[Comparison, ...]:
    """Compare each step with what follows from the subject's own neighbouring step.

    `hidden` is checked forward and, where the subject offers it, `delta` backward; neither where
    `hidden` has not the reference's structure.
    """
    hidden, delta = subject.get("hidden"), subject.get("delta")
    if hidden is None or not comparable(hidden, reference["hidden"]):
        return ()
    offered = {"hidden": hidden}
    if delta is not None and comparable(delta, hidden):
        offered["delta"] = delta
    u, least = UNIT_ROUNDOFF[case.config.dtype], smallest_subnormal(case.config.dtype)
    found = []
    for name, step in yardstick.stepwise(case, offered).items():
        own = offered[name][:, : step.expected.shape[1]]
        expected, allowed = step.expected.astype(own.dtype), LIMIT * u * step.gauge + least
        compared = compare(name, own, expected, allowed, against=OWN_STEP[name])
        found.append(replace(compared, detail=_first_step(name, own, expected, allowed)))
    if delta is not None and "delta" not in offered:
        found.append(compare("delta", delta, hidden, np.inf, against=OWN_STEP["delta"]))
    return tuple(found)


def _first_step(name: str, own: Array, expected: Array, allowed: Array) -> str:
    """Return which step is the first wrong one, in the order in which they are computed."""
    wrong = (~(np.abs(own - expected) <= allowed)).any(axis=(0, 2))  # (steps,)
    if not wrong.any():
        return ""
    steps = np.flatnonzero(wrong)
    first = steps[0] if name == "hidden" else steps[-1]
    return f"first wrong at t = {first}, in {len(steps)} of {len(wrong)} steps"
