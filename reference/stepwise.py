"""The local check: each step judged from the subject's own neighbouring step.

An error made in one step moves every later one; what follows from the subject's own h[t-1], or in
the backward from its own da[t+1], is wrong only where the mistake is made. Nothing accumulates, so
the floor is that of a single operation, whatever the number of steps.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.case import Array, Case
from parity.trace import Trace
from parity.yardstick import Step
from reference.arithmetic import Plain
from reference.jitter import Jittered
from reference.textbook import Given, Textbook


def stepwise(case: Case, trace: Trace) -> Mapping[str, Step]:
    """Return what each step of `hidden`, and of `delta` where it is offered, should have been.

    Values are computed one precision up (extended, where the machine has it), with the gauge of
    the one operation. `delta`, (batch, steps, hidden), is da, the gradient by the pre-activation.
    """
    checks = {"hidden": _forward}
    inner = case.config.steps > 1 and not case.config.every_step
    if {"hidden", "delta"} <= set(trace) and (case.config.kind == "layer" or inner):
        checks["delta"] = _backward
    with np.errstate(all="ignore"):
        return {
            name: Step(
                expected=_value(case, trace, check, Plain(np.longdouble)),
                gauge=_gauge(case, trace, check, Jittered(case.config.dtype, copies=0)),
            )
            for name, check in checks.items()
            if name in trace
        }


def _value(case: Case, trace: Trace, check: Any, do: Plain) -> Array:
    value: Array = np.stack(check(Textbook(do), _given(Textbook(do), case, trace), trace), axis=1)
    return value


def _gauge(case: Case, trace: Trace, check: Any, do: Jittered) -> Array:
    steps = check(Textbook(do), _given(Textbook(do), case, trace), trace)
    return np.concatenate([step.gauge for step in steps]).transpose(1, 0, 2)


def _given(textbook: Textbook[Any], case: Case, trace: Trace) -> Given[Any]:
    """Return the case with relu's gates as the subject's own states have them."""
    gates = trace["hidden"] > 0 if "hidden" in trace else None
    return textbook.given(case, gates if case.config.activation == "relu" else None)


def _forward(textbook: Textbook[Any], given: Given[Any], trace: Trace) -> list[Any]:
    """h[t] = f(x[t] W_x + own h[t-1] W_h + b)"""
    own = [given.h_0, *(textbook.do.exact(h) for h in trace["hidden"].swapaxes(0, 1))]
    return [
        textbook.forward(replace(given, x=[x_t], h_0=h))[1]
        for x_t, h in zip(given.x, own, strict=False)
    ]


def _backward(textbook: Textbook[Any], given: Given[Any], trace: Trace) -> list[Any]:
    """da[t] = (upstream[t] + own da[t+1] W_h^T) * f'(own h[t])

    A classifier's last step is left out: its upstream comes through the loss, not from a step.
    """
    do, W_h_T, found = textbook.do, given.W_h.T, []
    states = [do.exact(h) for h in trace["hidden"].swapaxes(0, 1)]
    own = [do.exact(da) for da in trace["delta"].swapaxes(0, 1)]
    layer = given.case.config.kind == "layer"
    upstream = textbook.upstream(given, None) if layer else [None] * (len(own) - 1)
    for t, from_loss in enumerate(upstream):
        dh = from_loss
        if t + 1 < len(own):
            carried = own[t + 1] @ W_h_T
            dh = carried if from_loss is None else carried + from_loss
        found.append(do.rounded("da", dh * textbook.slope(given, states[t], t)))
    return found
