"""Mistakes in backpropagation through time: derivative, recurrence, upstream gradients."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.model.config import Config
from parity.reference.equations.cell import StepBack
from parity.reference.mistakes.mistake import Mistake, Wrong


def _has_tanh(config: Config) -> bool:
    return config.activation == "tanh"


def _has_relu(config: Config) -> bool:
    return config.activation == "relu"


def _slope(activation: str, function: Any, derivative: Any) -> dict[str, Wrong]:
    """Use another function of h as the derivative of one activation."""

    def slope(right: Wrong, book: Any, given: Any, h: Any, t: int) -> Any:
        if given.case.config.activation != activation:
            return right(given, h, t)
        return book.do.mapped(function, derivative, h)

    return {"slope": slope}


def _without_slope(right: Wrong, book: Any, given: Any, states: Any, dh: Any, t: int) -> Any:
    return book.do.rounded("da", dh * 1.0)


def _slope_twice(right: Wrong, book: Any, given: Any, states: Any, dh: Any, t: int) -> Any:
    return book.do.rounded("da", right(given, states, dh, t) * book.slope(given, states[t + 1], t))


def _slope_before(right: Wrong, book: Any, given: Any, states: Any, dh: Any, t: int) -> Any:
    return right(given, [states[0], *states], dh, t)


def _no_slope_at_the_end(right: Wrong, book: Any, given: Any, states: Any, dh: Any, t: int) -> Any:
    if t < len(given.x) - 1:
        return right(given, states, dh, t)
    return book.do.rounded("da", dh * 1.0)


def _carries(times: float) -> dict[str, Wrong]:
    """Multiply the gradient that a step gets from the next one; the gradient of h_0 stays right."""

    def carried(right: Wrong, book: Any, given: Any, da: Any, t: int) -> Any:
        return right(given, da, t) * (times if t >= 0 else 1.0)

    return {"carried": carried}


def _untransposed(right: Wrong, book: Any, given: Any, da: Any, t: int) -> Any:
    return right(replace(given, W_h=given.W_h.T), da, t)


def _untransposed_inside(right: Wrong, book: Any, given: Any, da: Any, t: int) -> Any:
    return right(replace(given, W_h=given.W_h.T) if t >= 0 else given, da, t)


def _initial(wrong: Callable[[Any, Any], Any]) -> dict[str, Wrong]:
    """Use another gradient by the initial state."""

    def carried(right: Wrong, book: Any, given: Any, da: Any, t: int) -> Any:
        return right(given, da, t) if t >= 0 else wrong(given, da)

    return {"carried": carried}


def _carries_before_slope(
    right: Wrong, book: Any, given: Any, states: Any, from_loss: Any, later: Any, t: int
) -> Any:
    """dh[t] = upstream[t] + dh[t+1] W_h^T, with the derivative left out on the way."""
    if later is not None:
        later = replace(later, da=book.do.rounded("dh", later.dh * 1.0))
    return right(given.whole(), states, from_loss, later, t)


def _only_steps(wanted: Callable[[int, int], bool]) -> Wrong:
    """Go back through the wanted steps alone; `wanted` takes t and the number of steps."""

    def through_time(right: Wrong, book: Any, *arguments: Any) -> list[Any]:
        steps = list(enumerate(right(*arguments)))
        return [s if wanted(t, len(steps)) else replace(s, da=s.da * 0.0) for t, s in steps]

    return through_time


def _truncated(k: float) -> dict[str, Wrong]:
    return {"through_time": _only_steps(lambda t, steps: t >= steps - int(k))}


def _cut_every(k: float) -> dict[str, Wrong]:
    def carried(right: Wrong, book: Any, given: Any, da: Any, t: int) -> Any:
        return right(given, da, t) * (0.0 if (t + 1) % int(k) == 0 and t >= 0 else 1.0)

    return {"carried": carried}


def _upstream(wrong: Callable[[list[Any]], list[Any]]) -> dict[str, Wrong]:
    return {"upstream": lambda right, _book, *arguments: wrong(right(*arguments))}


def _last_everywhere(upstream: list[Any]) -> list[Any]:
    last = upstream[-1]
    return [last if step is None else step + last for step in upstream[:-1]] + [last]


def _only_last(upstream: list[Any]) -> list[Any]:
    return [None] * (len(upstream) - 1) + [upstream[-1]]


def _final(times: float) -> dict[str, Wrong]:
    """Count the final state's own upstream gradient `times` times, not once."""

    def wrong(right: Wrong, book: Any, given: Any, d_logits: Any) -> list[Any]:
        case = given.case
        names = [cell.name("upstream_final") for cell in case.config.cells]
        changed = case.replace(**{name: getattr(case, name) * times for name in names})
        found: list[Any] = right(replace(given, case=changed), d_logits)
        return found

    return {"upstream": wrong, "by_final": wrong}


def _one_step_late(upstream: list[Any]) -> list[Any]:
    last = upstream[-1]
    if last is None:
        return upstream
    late = [last, *upstream[:-1]]  # dh_out[:, t - 1] at t = 0 is the last one
    return late if late[-1] is not None else [*late[:-1], last * 0.0]


@dataclass(frozen=True, kw_only=True)
class _Updated(StepBack[Any]):
    """A step on the way back that has moved W_h."""

    W_h: Any  # after it
    seen: Any  # W_h as the step before sees it


def _updating(*, first: bool) -> dict[str, Wrong]:
    """Let W_h take an SGD step after every time step, so that earlier steps see another W_h.

    `first`: the gradient goes on to the step before through the W_h that has already moved.
    """

    def step_back(
        right: Wrong, book: Any, given: Any, states: Any, from_loss: Any, later: Any, t: int
    ) -> _Updated:
        own = given if later is None else replace(given, W_h=later.seen)
        found = right(own.whole(), states, from_loss, later, t)
        before = given.W_h if later is None else later.W_h
        W_h = book.do.rounded("W_h", before - (states[t].T @ found.da) * given.case.lr)
        return _Updated(da=found.da, dh=found.dh, W_h=W_h, seen=W_h if first else before)

    def by_initial(right: Wrong, book: Any, given: Any, steps: Any) -> Any:
        return right(replace(given, W_h=steps[0].seen), steps)

    return {"step_back": step_back, "by_initial": by_initial}


MISTAKES = (
    Mistake(
        slug="tanh-derivative-of-activated-value",
        says="the derivative of tanh is taken at the activated value: 1 - tanh(h)^2",
        look_for="np.tanh of a state; 1 - h ** 2 is the derivative",
        part="derivative",
        applies=_has_tanh,
        plant=_slope("tanh", lambda h: 1 - np.tanh(h) ** 2, lambda h: 2 * np.tanh(h)),
        seen=5,
    ),
    Mistake(
        slug="tanh-derivative-square-missing",
        says="the derivative of tanh is taken as 1 - h",
        look_for="a square that is missing in 1 - h ** 2",
        part="derivative",
        applies=_has_tanh,
        plant=_slope("tanh", lambda h: 1 - h, np.ones_like),
    ),
    Mistake(
        slug="tanh-derivative-square-misplaced",
        says="the derivative of tanh is taken as (1 - h)^2",
        look_for="(1 - h) ** 2 instead of 1 - h ** 2",
        part="derivative",
        applies=_has_tanh,
        plant=_slope("tanh", lambda h: (1 - h) ** 2, lambda h: 2 * (1 - h)),
    ),
    Mistake(
        slug="tanh-derivative-wrong-sign",
        says="the derivative of tanh is taken as 1 + h^2",
        look_for="the sign in 1 - h ** 2",
        part="derivative",
        applies=_has_tanh,
        plant=_slope("tanh", lambda h: 1 + h * h, lambda h: 2 * h),
    ),
    Mistake(
        slug="tanh-derivative-of-sigmoid",
        says="the derivative of the sigmoid, h (1 - h), is used for that of tanh",
        look_for="h * (1 - h) instead of 1 - h ** 2",
        part="derivative",
        applies=_has_tanh,
        plant=_slope("tanh", lambda h: h * (1 - h), lambda h: 1 - 2 * h),
    ),
    Mistake(
        slug="tanh-derivative-of-relu",
        says="the derivative of relu is used for that of tanh",
        look_for="h > 0 instead of 1 - h ** 2",
        part="derivative",
        applies=_has_tanh,
        plant=_slope("tanh", lambda h: (h > 0) * 1.0, np.zeros_like),
    ),
    Mistake(
        slug="relu-derivative-of-tanh",
        says="the derivative of tanh is used with relu",
        look_for="1 - h ** 2 for every activation",
        part="derivative",
        applies=_has_relu,
        plant=_slope("relu", lambda h: 1 - h * h, lambda h: 2 * h),
        seen=1,
    ),
    Mistake(
        slug="relu-derivative-state-itself",
        says="the derivative of relu is taken as the state itself",
        look_for="dh * h instead of dh * (h > 0)",
        part="derivative",
        applies=_has_relu,
        plant=_slope("relu", lambda h: h, np.ones_like),
    ),
    Mistake(
        slug="activation-derivative-missing",
        says="the derivative of the activation is missing in the backward",
        look_for="dh * f'(a) in every step; for relu, h > 0, and not h >= 0, which always holds",
        part="derivative",
        plant={"through_activation": _without_slope},
    ),
    Mistake(
        slug="activation-derivative-twice",
        says="the derivative of the activation is applied twice",
        look_for="dh * f'(a) in two places",
        part="derivative",
        plant={"through_activation": _slope_twice},
    ),
    Mistake(
        slug="activation-derivative-step-before",
        says="the derivative of the activation is taken at the step before",
        look_for="h[t - 1] instead of h[t] in the derivative",
        part="derivative",
        plant={"through_activation": _slope_before},
    ),
    Mistake(
        slug="activation-derivative-missing-last-step",
        says="the derivative of the activation is missing in the last step",
        look_for="the last step handled outside the loop",
        part="derivative",
        plant={"through_activation": _no_slope_at_the_end},
    ),
    Mistake(
        slug="bptt-missing",
        says="no gradient goes back through time",
        look_for="da[t+1] @ W_h.T, added to the upstream gradient of step t",
        part="recurrence",
        plant=_carries(0.0),
        seen=4,
    ),
    Mistake(
        slug="bptt-wrong-sign",
        says="the gradient through time has the wrong sign",
        look_for="a minus before da[t+1] @ W_h.T",
        part="recurrence",
        plant=_carries(-1.0),
    ),
    Mistake(
        slug="bptt-doubled",
        says="the gradient through time is added twice",
        look_for="+= in two places",
        part="recurrence",
        plant=_carries(2.0),
    ),
    Mistake(
        slug="bptt-untransposed",
        says="W_h is not transposed in the backward",
        look_for="da @ W_h instead of da @ W_h.T",
        part="recurrence",
        plant={"carried": _untransposed},
        seen=3,
    ),
    Mistake(
        slug="bptt-untransposed-between-steps",
        says="W_h is not transposed from step to step, though it is for h_0",
        look_for="da @ W_h instead of da @ W_h.T, inside the loop",
        part="recurrence",
        plant={"carried": _untransposed_inside},
    ),
    Mistake(
        slug="bptt-derivative-missing",
        says="the gradient goes back through time without the activation's derivative",
        look_for="dh @ W_h.T instead of da @ W_h.T",
        part="recurrence",
        plant={"step_back": _carries_before_slope},
    ),
    Mistake(
        slug="bptt-truncated",
        says="backpropagation is truncated: it covers the last {value} steps only",
        look_for="a loop over time that stops early",
        part="recurrence",
        plant=_truncated,
        values=(*range(1, 11), 15, 16, 20, 25, 32, 50),
        seen=4,
    ),
    Mistake(
        slug="bptt-cut-into-chunks",
        says="backpropagation is cut every {value} steps",
        look_for="a state detached between chunks",
        part="recurrence",
        plant=_cut_every,
        values=(*range(2, 9), 10, 16, 20),
    ),
    Mistake(
        slug="bptt-first-step-missing",
        says="the first step is left out of the backward",
        look_for="range(steps - 1, 0, -1), which stops before step 0",
        part="recurrence",
        plant={"through_time": _only_steps(lambda t, _: t > 0)},
    ),
    Mistake(
        slug="bptt-wh-updated-before-use",
        says="W_h is updated inside the loop of backpropagation",
        look_for="W_h -= lr * ... before the loop over time has ended",
        part="step",
        plant=_updating(first=True),
        seen=6,
    ),
    Mistake(
        slug="bptt-wh-updated-after-use",
        says="W_h is updated inside the loop of backpropagation, after each step's use of it",
        look_for="W_h -= lr * ... at the end of the loop's body",
        part="step",
        plant=_updating(first=False),
    ),
    Mistake(
        slug="upstream-last-at-every-step",
        says="the last step's upstream gradient is added at every step",
        look_for="dh from the loss inside the loop over time",
        part="upstream",
        plant=_upstream(_last_everywhere),
        seen=4,
    ),
    Mistake(
        slug="upstream-last-only",
        says="only the last step's upstream gradient is used",
        look_for="dh_out[:, t], added at every step",
        part="upstream",
        plant=_upstream(_only_last),
    ),
    Mistake(
        slug="upstream-one-step-late",
        says="the upstream gradients are used one step late",
        look_for="dh_out[:, t - 1] instead of dh_out[:, t]",
        part="upstream",
        plant=_upstream(_one_step_late),
    ),
    Mistake(
        slug="upstream-final-missing",
        says="the final state's own upstream gradient is left out",
        look_for="the gradient of the second thing nn.RNN returns, h_n",
        part="upstream",
        applies=lambda config: config.kind == "layer",
        plant=_final(0.0),
    ),
    Mistake(
        slug="upstream-final-twice",
        says="the final state's own upstream gradient is counted twice",
        look_for="+= upstream_final in two places",
        part="upstream",
        applies=lambda config: config.kind == "layer",
        plant=_final(2.0),
    ),
    Mistake(
        slug="h0-gradient-wh-missing",
        says="the gradient of h_0 is that of the first pre-activation: W_h is left out",
        look_for="da[0] instead of da[0] @ W_h.T",
        part="initial state",
        plant=_initial(lambda given, da: da * 1.0),
    ),
    Mistake(
        slug="h0-gradient-zero",
        says="the gradient of h_0 is zero",
        look_for="a gradient of h_0 that is never filled",
        part="initial state",
        plant=_initial(lambda given, da: da * 0.0),
    ),
    Mistake(
        slug="h0-gradient-untransposed",
        says="W_h is not transposed in the gradient of h_0",
        look_for="da[0] @ W_h instead of da[0] @ W_h.T",
        part="initial state",
        plant=_initial(lambda given, da: da @ given.W_h),
    ),
)
