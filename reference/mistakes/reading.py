"""Mistakes in reading the case: the input, the labels, the initial state."""

from collections.abc import Callable
from typing import Any

import numpy as np

from parity.model.case import Array, Case
from parity.reference.mistakes.mistake import Mistake, Wrong


def _reads(**misread: Any) -> dict[str, Wrong]:
    """Replace arrays of the case before anything is computed."""

    def given(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
        return right(case.replace(**{name: of(case) for name, of in misread.items()}), *rest)

    return {"given": given}


def _no_initial_states(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
    names = [cell.name("h_0") for cell in case.config.cells]
    return right(case.replace(**{name: getattr(case, name) * 0 for name in names}), *rest)


def _batch_and_time_swapped(case: Case) -> Array:
    n, t, f = case.x.shape
    return np.ascontiguousarray(case.x.reshape(t, n, f).swapaxes(0, 1))


def _from_state(place: Callable[[int], int]) -> dict[str, Wrong]:
    """Compute the next state from one before the last; `place` of t counts h_0 as 0."""

    def next_state(right: Wrong, book: Any, given: Any, states: Any) -> Any:
        t = len(states) - 1
        return book.state(given, t, states[place(t)])

    return {"next_state": next_state}


def _inputs_moved(by: int) -> Any:
    return lambda case: np.roll(case.x, by, axis=1)


MISTAKES = (
    Mistake(
        slug="input-reshape-for-transpose",
        says="batch and time of the input are swapped by a reshape",
        look_for="x.reshape(steps, batch, features) instead of x.transpose(1, 0, 2)",
        part="input",
        plant=_reads(x=_batch_and_time_swapped),
    ),
    Mistake(
        slug="input-reversed",
        says="the sequence is read from its end",
        look_for="x[:, ::-1], or a loop over the inputs that counts down",
        part="input",
        plant=_reads(x=lambda case: case.x[:, ::-1]),
    ),
    Mistake(
        slug="input-one-step-late",
        says="every step sees the input of the step before, and the first step the last input",
        look_for="x[:, t - 1] instead of x[:, t]",
        part="input",
        plant=_reads(x=_inputs_moved(1)),
    ),
    Mistake(
        slug="input-one-step-early",
        says="every step sees the input of the step after, and the last step the first input",
        look_for="x[:, t + 1] instead of x[:, t], or np.roll",
        part="input",
        plant=_reads(x=_inputs_moved(-1)),
    ),
    Mistake(
        slug="labels-from-one",
        says="labels are read as if they counted from 1",
        look_for="labels - 1: label 0 becomes the last class",
        part="input",
        applies=lambda config: config.kind == "classifier",
        plant=_reads(labels=lambda case: (case.labels - 1) % case.config.classes),
    ),
    Mistake(
        slug="h0-ignored",
        says="the initial state is ignored: h_0 is taken as zero",
        look_for="np.zeros instead of h_0, before the loop over time",
        part="initial state",
        plant={"given": _no_initial_states},
        seen=2,
    ),
    Mistake(
        slug="wh-gradient-h0-zero",
        says="the initial state is ignored in the gradient of W_h",
        look_for="zeros, not h_0, as the state before the first step in the backward",
        part="initial state",
        plant={"previous": lambda right, book, states: [states[0] * 0.0, *right(states)[1:]]},
        seen=2,
    ),
    Mistake(
        slug="wh-gradient-h0-final-state",
        says="in the gradient of W_h, the state before the first step is the final one",
        look_for="h[t - 1] at t = 0, which is h[-1]: the last state",
        part="initial state",
        plant={"previous": lambda right, book, states: [states[-1], *right(states)[1:]]},
        seen=5,
    ),
    Mistake(
        slug="state-never-advanced",
        says="every step starts from h_0: the state is never advanced",
        look_for="the new state is stored, but the loop goes on with the old one",
        part="initial state",
        plant=_from_state(lambda t: 0),
        seen=1,
    ),
    Mistake(
        slug="recurrence-two-steps-back",
        says="the recurrence takes the state of two steps before",
        look_for="h[t - 2] instead of h[t - 1], or a state stored one place too late",
        part="initial state",
        plant=_from_state(lambda t: max(t - 1, 0)),
    ),
)
