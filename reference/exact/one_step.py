"""The local check: each step judged from the subject's own neighbouring step.

An error made in one step moves every later one. A step computed from the subject's own h[t-1], or
in the backward from its own da[t+1], differs only where the mistake is made. Nothing accumulates,
so the floor is that of a single operation, for any number of steps.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from parity.model.branches import Branches
from parity.model.case import Array, Case
from parity.model.cell import Cell
from parity.model.names import DELTA
from parity.model.trace import Trace, outputs
from parity.reference.base import Step
from parity.reference.equations.arithmetic import Plain
from parity.reference.equations.cell import StepBack
from parity.reference.equations.given import Given
from parity.reference.equations.textbook import Textbook
from parity.reference.noise.jitter import Jittered

Check = Callable[[Textbook[Any], Given[Any], Trace], list[Any]]
"""A function from a textbook, the case and a subject's trace to the right value of every step."""


def stepwise(case: Case, trace: Trace) -> Mapping[str, Step]:
    """Return the expected value of each step of a layer, and of `delta` if it is offered.

    Values are computed one precision up (extended, where the machine has it), with the gauge of
    the one operation. A layer above the first one needs the states of the one below. `delta`,
    (batch, steps, hidden), is da, the gradient by the pre-activation of a single cell.
    """
    with np.errstate(all="ignore"):
        return {
            name: Step(
                expected=_value(case, trace, check, Plain(np.longdouble)),
                gauge=_gauge(case, trace, check, Jittered(case.config.dtype, copies=0)),
            )
            for name, check in _checks(case, trace).items()
        }


def _checks(case: Case, trace: Trace) -> dict[str, Check]:
    config, names = case.config, outputs(case.config)
    checks: dict[str, Check] = {}
    for number, name in enumerate(names):
        if name in trace and (number == 0 or names[number - 1] in trace):
            checks[name] = partial(_forward, number)
    inner = config.steps > 1 and not config.every_step and config.pool == "last"
    alone = len(config.cells) == 1 and not config.packed
    if {"hidden", DELTA} <= set(trace) and alone and (config.kind == "layer" or inner):
        checks[DELTA] = _backward
    return checks


def _value(case: Case, trace: Trace, check: Check, do: Plain) -> Array:
    value: Array = np.stack(check(Textbook(do), _given(Textbook(do), case, trace), trace), axis=1)
    return value


def _gauge(case: Case, trace: Trace, check: Check, do: Jittered) -> Array:
    steps = check(Textbook(do), _given(Textbook(do), case, trace), trace)
    return np.concatenate([s.gauge + s.lost_last / do.u for s in steps]).transpose(1, 0, 2)


def _given(textbook: Textbook[Any], case: Case, trace: Trace) -> Given[Any]:
    """Return the case with the branches that the subject's own states show."""
    return textbook.given(case, Branches.of(case, trace))


def _by_step(textbook: Textbook[Any], array: Array) -> list[Any]:
    return [textbook.do.exact(own) for own in array.swapaxes(0, 1)]


def _forward(number: int, textbook: Textbook[Any], given: Given[Any], trace: Trace) -> list[Any]:
    """h[t] of one layer from its own h[t-1], its directions side by side"""
    config, names = given.case.config, outputs(given.case.config)
    inputs = given.x
    if number:
        below = _by_step(textbook, trace[names[number - 1]])
        inputs = textbook.dropped(given, number - 1, below)
    own = _by_step(textbook, trace[names[number]])
    cells = [cell for cell in config.cells if cell.layer == number]
    sides = [_side(textbook, given, cell, inputs, own) for cell in cells]
    return [textbook.do.joined(parts) for parts in zip(*sides, strict=True)]


def _side(
    textbook: Textbook[Any],
    given: Given[Any],
    cell: Cell,
    inputs: Sequence[Any],
    own: Sequence[Any],
) -> list[Any]:
    """One cell's states, each from the subject's own previous one, in the order of time."""
    seen = textbook.seen(given, cell, inputs, given.gates)
    mine = textbook.for_cell(seen, own)
    before = [textbook.or_else(seen, t, h, seen.h_0) for t, h in enumerate(mine[:-1])]
    states = [textbook.state(seen, t, h) for t, h in enumerate([seen.h_0, *before])]
    return textbook.in_order(cell, textbook.masked(seen, states))


def _backward(textbook: Textbook[Any], given: Given[Any], trace: Trace) -> list[Any]:
    """da[t] from the subject's own h[t] and da[t+1]

    A classifier's last step is left out: its gradient comes through the loss, not from a step.
    """
    states = [given.h_0, *_by_step(textbook, trace["hidden"])]
    own = [StepBack(da=da) for da in _by_step(textbook, trace[DELTA])]
    layer = given.case.config.kind == "layer"
    upstream = textbook.upstream(given, None) if layer else [None] * (len(own) - 1)
    steps = zip(upstream, [*own[1:], None], strict=False)
    found = [textbook.step_back(given, states, *step, t) for t, step in enumerate(steps)]
    return [one.da for one in found]


# -- the optimiser -------------------------------------------------------------------------------


def own_step(case: Case, gradients: Trace) -> Mapping[str, Step]:
    """Return the expected result of the first step from a subject's own gradients.

    `gradients` has every parameter's, by its name. The values are computed one precision up, and
    the gauge is that of all operations of the step together.
    """
    with np.errstate(all="ignore"):
        values = _descended(Textbook(Plain(np.longdouble)), case, gradients)
        do = Jittered(case.config.dtype, copies=0)
        noisy = _descended(Textbook(do), case, gradients)
    return {
        name: Step(
            expected=values[name].reshape(array.shape),
            gauge=(noisy[name].pending + noisy[name].lost / do.u).reshape(array.shape),
        )
        for name, array in case.parameters.items()
    }


def _descended(textbook: Textbook[Any], case: Case, gradients: Trace) -> dict[str, Any]:
    own = {n: textbook.do.exact(np.atleast_2d(gradients[n])) for n in case.parameters}
    return dict(textbook.descent(textbook.given(case), own, None).weights)
