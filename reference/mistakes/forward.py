"""Mistakes in the forward pass of the layer: the pre-activation and the activation."""

from dataclasses import replace
from typing import Any

import numpy as np

from parity.model.case import Case
from parity.model.names import without_suffix
from parity.reference.mistakes.mistake import Mistake, Wrong


def _with(**changed: Any) -> dict[str, Wrong]:
    """Compute the pre-activation from altered weights."""

    def preactivation(right: Wrong, book: Any, given: Any, x_t: Any, h: Any) -> Any:
        return right(replace(given, **{n: of(given) for n, of in changed.items()}), x_t, h)

    return {"preactivation": preactivation}


def _bias_once(right: Wrong, book: Any, given: Any, x_t: Any, h: Any) -> Any:
    first = x_t is given.x[0]
    return right(given if first else replace(given, b=given.b * 0.0), x_t, h)


def _transposed_throughout(right: Wrong, book: Any, *arguments: Any) -> Any:
    seen = right(*arguments)
    return replace(seen, W_h=seen.W_h.T)


def _transposed_back(right: Wrong, book: Any, *arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = right(*arguments)
    return found | {n: g.T for n, g in found.items() if without_suffix(n) == "W_h"}


def _always(activation: str) -> dict[str, Wrong]:
    def given(right: Wrong, book: Any, case: Case, *rest: Any) -> Any:
        return right(case.replace(case.config.replace(activation=activation)), *rest)

    return {"given": given}


def _instead(function: Any, slope: Any, of_state: Any) -> dict[str, Wrong]:
    """Replace the activation by a function of a, and its slope by the derivative in terms of h."""

    def activation(right: Wrong, book: Any, given: Any, a: Any) -> Any:
        return book.do.rounded("hidden", book.do.mapped(function, slope, a))

    def derivative(right: Wrong, book: Any, given: Any, h: Any, t: int) -> Any:
        return book.do.mapped(*of_state, h)

    return {"activation": activation, "slope": derivative}


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _sigmoid_slope(a: Any) -> Any:
    return _sigmoid(a) * (1 - _sigmoid(a))


def _one(a: Any) -> Any:
    return np.ones_like(a)


def _zero(a: Any) -> Any:
    return np.zeros_like(a)


def _leaky(slope: float) -> dict[str, Wrong]:
    leaks = _instead(
        lambda a: np.where(a > 0, a, slope * a),
        lambda a: np.where(a > 0, 1.0, slope),
        (lambda h: np.where(h > 0, 1.0, slope), _zero),
    )
    return {name: _only_of("relu", wrong) for name, wrong in leaks.items()}


def _only_of(activation: str, wrong: Wrong) -> Wrong:
    def stage(right: Wrong, book: Any, given: Any, *rest: Any) -> Any:
        if given.case.config.activation != activation:
            return right(given, *rest)
        return wrong(right, book, given, *rest)

    return stage


def _by_exponentials(right: Wrong, book: Any, given: Any, a: Any) -> Any:
    def quotient(v: Any) -> Any:
        up, down = np.exp(v), np.exp(-v)
        return (up - down) / (up + down)

    return book.do.rounded("hidden", book.do.mapped(quotient, lambda v: 1 - np.tanh(v) ** 2, a))


def _last_not_activated(right: Wrong, book: Any, given: Any, states: Any) -> Any:
    found = right(given, states)
    if len(states) < len(given.x):
        return found
    return book.do.rounded("hidden", book.preactivation(given, given.x[-1], states[-1]))


MISTAKES = (
    Mistake(
        slug="bias-missing",
        says="the bias is missing in the forward",
        look_for="+ b in the pre-activation",
        part="pre-activation",
        plant=_with(b=lambda given: given.b * 0.0),
        seen=1,
    ),
    Mistake(
        slug="bias-twice",
        says="the bias is added twice in the forward",
        look_for="two biases that both hold the layer's bias",
        part="pre-activation",
        plant=_with(b=lambda given: given.b * 2.0),
    ),
    Mistake(
        slug="bias-first-step-only",
        says="the bias is added in the first step only",
        look_for="+ b before the loop over time instead of inside it",
        part="pre-activation",
        plant={"preactivation": _bias_once},
    ),
    Mistake(
        slug="wh-transposed-forward",
        says="W_h is transposed in the forward",
        look_for="h @ W_h.T instead of h @ W_h",
        part="pre-activation",
        plant=_with(W_h=lambda given: given.W_h.T),
    ),
    Mistake(
        slug="wh-transposed-throughout",
        says="W_h is transposed throughout: it is kept in the layout of weight_hh",
        look_for="weights copied without a transpose, forward, backward and step alike",
        part="pre-activation",
        plant={"seen": _transposed_throughout, "gradients": _transposed_back},
    ),
    Mistake(
        slug="recurrence-missing",
        says="the recurrence is missing in the forward",
        look_for="h[t-1] @ W_h in the pre-activation",
        part="pre-activation",
        plant=_with(W_h=lambda given: given.W_h * 0.0),
    ),
    Mistake(
        slug="input-missing",
        says="the input is missing in the forward",
        look_for="x[t] @ W_x in the pre-activation",
        part="pre-activation",
        plant=_with(W_x=lambda given: given.W_x * 0.0),
    ),
    Mistake(
        slug="activation-always-tanh",
        says="the chosen activation is ignored: it is always tanh",
        look_for="np.tanh instead of the chosen activation",
        part="activation",
        applies=lambda config: config.activation == "relu",
        plant=_always("tanh"),
    ),
    Mistake(
        slug="activation-always-relu",
        says="the chosen activation is ignored: it is always relu",
        look_for="np.maximum instead of the chosen activation",
        part="activation",
        applies=lambda config: config.activation == "tanh",
        plant=_always("relu"),
    ),
    Mistake(
        slug="activation-sigmoid",
        says="the activation is the logistic sigmoid",
        look_for="1 / (1 + exp(-a)) instead of tanh or relu",
        part="activation",
        plant=_instead(
            _sigmoid, _sigmoid_slope, (lambda h: h * (1 - h), lambda h: np.abs(1 - 2 * h))
        ),
    ),
    Mistake(
        slug="activation-identity",
        says="there is no activation",
        look_for="f(a) that is left out, forward and backward",
        part="activation",
        plant=_instead(lambda a: a, _one, (_one, _zero)),
    ),
    Mistake(
        slug="activation-missing-forward",
        says="the activation is missing in the forward, though its derivative is taken",
        look_for="f(a) that is left out in the forward",
        part="activation",
        plant={"activation": lambda right, book, given, a: book.do.rounded("hidden", a)},
    ),
    Mistake(
        slug="tanh-overflow",
        says="tanh is made of exponentials, which overflow",
        look_for="(exp(a) - exp(-a)) / (exp(a) + exp(-a)) instead of np.tanh(a)",
        part="activation",
        applies=lambda config: config.activation == "tanh",
        plant={"activation": _only_of("tanh", _by_exponentials)},
        seen=1,
    ),
    Mistake(
        slug="activation-missing-last-step",
        says="the last step is not activated",
        look_for="the final state taken before the activation",
        part="activation",
        plant={"next_state": _last_not_activated},
    ),
    Mistake(
        slug="relu-leaky",
        says="relu leaks: below zero its slope is {value}",
        look_for="a leaky relu instead of relu",
        part="activation",
        applies=lambda config: config.activation == "relu",
        plant=_leaky,
        values=(0.01, 0.1, 0.2, 0.3),
    ),
)
