"""Mistakes in the parameters' gradients: accumulation, reductions, clipping; and in the step."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from parity.model.case import Case
from parity.model.config import Config
from parity.model.names import without_suffix
from parity.model.trace import Trace
from parity.reference.equations.clipping import BESIDE, clipped_at, norm_factor
from parity.reference.mistakes.mistake import Mistake, Wrong, always

RECURRENT, HEAD = ("W_x", "W_h", "b"), ("W_out", "b_out")
LAYER = (*RECURRENT, "x", "h_0")
PARAMETERS = (*RECURRENT, *HEAD)


def _classifies(config: Config) -> bool:
    return config.kind == "classifier"


def _unclipped(config: Config) -> bool:
    return not (config.clip_value or config.clip_norm)


def _over_time(names: Collection[str], wrong: Callable[[list[Any]], Any]) -> dict[str, Wrong]:
    """Sum the terms of some parameters over time wrongly."""

    def over_time(right: Wrong, book: Any, name: str, terms: list[Any]) -> Any:
        return wrong(terms) if without_suffix(name) in names else right(name, terms)

    return {"over_time": over_time}


def _mean_over_time(right: Wrong, book: Any, name: str, terms: list[Any]) -> Any:
    return book.do.divided(right(name, terms), len(terms))


def _pairs(moved: Callable[[list[Any]], list[Any]]) -> dict[str, Wrong]:
    """Pair da[t] with another state than h[t-1] in the gradient of W_h."""
    return {"previous": lambda right, book, states: moved(states)}


def _inputs_late(right: Wrong, book: Any, given: Any, states: Any, da: Any) -> dict[str, Any]:
    late = [given.x[-1], *given.x[:-1]]
    found: dict[str, Any] = right(given, states, da)
    return found | {"W_x": book.over_time("W_x", book.products(late, da))}


def _changes(names: Collection[str], change: Callable[[Any, Any], Any]) -> dict[str, Wrong]:
    """Change some of the finished gradients; `change` takes a gradient and the config."""

    def gradients(right: Wrong, book: Any, given: Any, *rest: Any) -> dict[str, Any]:
        def wrong(gradient: Any) -> Any:
            if isinstance(gradient, list):
                return [change(step, given.case.config) for step in gradient]
            return change(gradient, given.case.config)

        found: dict[str, Any] = right(given, *rest)
        return found | {n: wrong(g) for n, g in found.items() if without_suffix(n) in names}

    return {"gradients": gradients}


def _scaled(names: Collection[str], factor: Callable[[Any], float]) -> dict[str, Wrong]:
    return _changes(names, lambda gradient, config: gradient * factor(config))


def _clipped(names: Collection[str]) -> Callable[[float], dict[str, Wrong]]:
    """Clip every entry at a value."""

    def plant(limit: float) -> dict[str, Wrong]:
        def gradients(right: Wrong, book: Any, given: Any, *rest: Any) -> Any:
            found: dict[str, Any] = right(given, *rest)
            own = {n: g for n, g in found.items() if without_suffix(n) in names}
            return found | {n: clipped_at(book.do, g, limit) for n, g in own.items()}

        return {"gradients": gradients}

    return plant


def _clipped_inside(limit: float) -> dict[str, Wrong]:
    def carried(right: Wrong, book: Any, given: Any, da: Any, t: int) -> Any:
        dh = right(given, da, t)
        return book.do.rounded("dh", clipped_at(book.do, dh, limit)) if t >= 0 else dh

    return {"carried": carried}


def _clipped_each_step(limit: float) -> dict[str, Wrong]:
    def through_activation(right: Wrong, book: Any, *arguments: Any) -> Any:
        return book.do.rounded("da", clipped_at(book.do, right(*arguments), limit))

    return {"through_activation": through_activation}


def _normed(beside: float) -> Callable[[float], dict[str, Wrong]]:
    """Scale all parameters' gradients so that their norm, taken together, is at most a limit.

    clip_grad_norm_ adds 1e-6 to the norm that it divides by.
    """

    def plant(limit: float) -> dict[str, Wrong]:
        def gradients(right: Wrong, book: Any, given: Any, *rest: Any) -> Any:
            found: dict[str, Any] = right(given, *rest)
            own = {n: g for n, g in found.items() if without_suffix(n) in PARAMETERS}
            factor = norm_factor(book.do, own.values(), limit, beside)
            return found | {n: g * factor for n, g in own.items()}

        return {"gradients": gradients}

    return plant


def _normed_each(limit: float) -> dict[str, Wrong]:
    """Scale each parameter's gradient so that its own norm is at most `limit`."""

    def gradients(right: Wrong, book: Any, given: Any, *rest: Any) -> Any:
        found: dict[str, Any] = right(given, *rest)
        return found | {
            n: g * norm_factor(book.do, [g], limit, 0.0)
            for n, g in found.items()
            if without_suffix(n) in PARAMETERS
        }

    return {"gradients": gradients}


def _own_gradients(trace: Trace) -> list[Any]:
    grads = {n.removeprefix("grad/"): g for n, g in trace.items() if n.startswith("grad/")}
    return [g for n, g in sorted(grads.items()) if without_suffix(n) in PARAMETERS]


def _largest(case: Case, subject: Trace, right: Trace) -> list[float]:
    """Guess the value of a clipping: the largest entry, where right ones are larger."""
    both = zip(_own_gradients(subject), _own_gradients(right), strict=False)
    tops = [float(np.abs(g).max()) for g, r in both if np.abs(g).max() < np.abs(r).max()]
    return [max(tops)] if tops else []


def _norm_together(case: Case, subject: Trace, right: Trace) -> list[float]:
    """Guess the norm of a clipping: the subject's own, where the right one is larger."""
    found = [
        float(np.sqrt(sum(np.square(g).sum() for g in _own_gradients(t)))) for t in (subject, right)
    ]
    return [found[0]] if 0 < found[0] < found[1] else []


def _norms(case: Case, subject: Trace, right: Trace) -> list[float]:
    both = zip(_own_gradients(subject), _own_gradients(right), strict=False)
    norms = [(float(np.linalg.norm(g)), float(np.linalg.norm(r))) for g, r in both]
    shrunk = [ours for ours, theirs in norms if ours < theirs * (1 - 2.0**-20)]
    return [float(np.median(shrunk))] if shrunk else []


def _steps(names: Collection[str], scale: Callable[[Any], float]) -> dict[str, Wrong]:
    """Multiply the step of some parameters by `scale`."""

    def step(right: Wrong, book: Any, given: Any, name: str, gradient: Any) -> Any:
        own = without_suffix(name) in names
        return right(given, name, gradient * scale(given.case) if own else gradient)

    return {"step": step}


def _decayed(rate: float) -> dict[str, Wrong]:
    def step(right: Wrong, book: Any, given: Any, name: str, gradient: Any) -> Any:
        return right(given, name, gradient + given.parameter(name) * rate)

    return {"step": step}


def _fixed_rate(rate: float) -> dict[str, Wrong]:
    def step(right: Wrong, book: Any, given: Any, name: str, gradient: Any) -> Any:
        return given.parameter(name) - gradient * rate

    return {"step": step}


def _rate(case: Case, subject: Trace, right: Trace) -> list[float]:
    """Guess the learning rate from the subject's own gradient and step."""
    for name, weight in case.parameters.items():
        after = subject.get(f"step/{name}")
        g = subject.get(f"grad/{name}", right[f"grad/{name}"])
        if after is not None and np.any(g):
            at = np.unravel_index(np.abs(g).argmax(), g.shape)
            return [float(f"{(weight[at] - after[at]) / g[at]:.6g}")]
    return []


MISTAKES = (
    Mistake(
        slug="recurrent-gradients-overwritten",
        says="parameter gradients are overwritten in every step: only the first step's is left",
        look_for="= instead of +=, inside the loop over time",
        part="accumulation",
        plant=_over_time(RECURRENT, lambda terms: terms[0]),
        seen=3,
    ),
    Mistake(
        slug="wh-gradient-overwritten",
        says="the gradient of W_h is overwritten in every step: only the first step's is left",
        look_for="dW_h = instead of dW_h +=",
        part="accumulation",
        plant=_over_time(("W_h",), lambda terms: terms[0]),
    ),
    Mistake(
        slug="wx-gradient-overwritten",
        says="the gradient of W_x is overwritten in every step: only the first step's is left",
        look_for="dW_x = instead of dW_x +=",
        part="accumulation",
        plant=_over_time(("W_x",), lambda terms: terms[0]),
    ),
    Mistake(
        slug="b-gradient-overwritten",
        says="the gradient of b is overwritten in every step: only the first step's is left",
        look_for="db = instead of db +=",
        part="accumulation",
        plant=_over_time(("b",), lambda terms: terms[0]),
    ),
    Mistake(
        slug="recurrent-gradients-last-step-only",
        says="parameter gradients come from the last step alone",
        look_for="a sum over time that is missing",
        part="accumulation",
        plant=_over_time(RECURRENT, lambda terms: terms[-1]),
    ),
    Mistake(
        slug="recurrent-gradients-first-step-missing",
        says="parameter gradients leave out the first step",
        look_for="a sum over time that starts at t = 1",
        part="accumulation",
        plant=_over_time(
            RECURRENT,
            lambda terms: terms[0] * 0.0 if len(terms) == 1 else _sum(terms[1:]),
        ),
    ),
    Mistake(
        slug="recurrent-gradients-mean-over-time",
        says="parameter gradients are a mean over time",
        look_for="a division by the number of steps",
        part="reduction",
        plant={"over_time": _mean_over_time},
        seen=1,
    ),
    Mistake(
        slug="wh-gradient-state-of-same-step",
        says="the gradient of W_h pairs da[t] with h[t], not with h[t-1]",
        look_for="states[t] instead of the state before it",
        part="accumulation",
        plant=_pairs(lambda states: states[1:]),
        seen=3,
    ),
    Mistake(
        slug="wh-gradient-state-two-steps-back",
        says="the gradient of W_h pairs da[t] with h[t-2]",
        look_for="states stored one place too late",
        part="accumulation",
        plant=_pairs(lambda states: [states[0], *states[:-2]]),
    ),
    Mistake(
        slug="wx-gradient-input-one-step-late",
        says="the gradient of W_x pairs da[t] with x[t-1], and the first da with the last x",
        look_for="x[:, t - 1] instead of x[:, t]",
        part="accumulation",
        plant={"layer_gradients": _inputs_late},
    ),
    Mistake(
        slug="wh-gradient-transposed",
        says="the gradient of W_h is transposed",
        look_for="da.T @ h instead of h.T @ da",
        part="accumulation",
        plant=_changes(("W_h",), lambda gradient, _: gradient.T),
    ),
    *(
        Mistake(
            slug=slug,
            says=f"the gradient of {name} is always zero",
            look_for=f"d{name} that is never filled",
            part="accumulation",
            applies=_classifies if name in HEAD else always,
            plant=_scaled((name,), lambda _: 0.0),
            seen=seen,
        )
        for slug, name, seen in (
            ("wx-gradient-zero", "W_x", 0),
            ("wh-gradient-zero", "W_h", 0),
            ("b-gradient-zero", "b", 0),
            ("wout-gradient-zero", "W_out", 0),
            ("bout-gradient-zero", "b_out", 1),
            ("x-gradient-zero", "x", 0),
        )
    ),
    Mistake(
        slug="layer-gradients-zero",
        says="no gradient reaches the layer: the gradients of its parameters, x and h_0 are zero",
        look_for="a head that is detached from the layer",
        part="accumulation",
        plant=_scaled(LAYER, lambda _: 0.0),
    ),
    *(
        Mistake(
            slug=slug,
            says=f"the gradient of {name} is divided by the batch size",
            look_for=f"a mean over the batch in d{name} alone",
            part="reduction",
            plant=_scaled((name,), lambda config: 1 / config.batch),
        )
        for slug, name in (("wx-gradient-batch-mean", "W_x"), ("wh-gradient-batch-mean", "W_h"))
    ),
    Mistake(
        slug="b-gradient-batch-and-step-mean",
        says="the gradient of b is a mean over the batch and the steps",
        look_for="mean() over two axes instead of sum()",
        part="reduction",
        plant=_scaled(("b",), lambda config: 1 / (config.batch * config.steps)),
    ),
    Mistake(
        slug="recurrent-gradients-batch-twice",
        says="recurrent gradients are divided by the batch size twice",
        look_for="a division by the batch in the recurrent backward, when the loss is a mean",
        part="reduction",
        plant=_scaled(RECURRENT, lambda config: 1 / config.batch),
        seen=3,
    ),
    Mistake(
        slug="layer-gradients-batch-twice",
        says="all gradients of the layer, also those of x and h_0, are divided by the batch size",
        look_for="a division by the batch in the recurrent backward, when the loss is a mean",
        part="reduction",
        plant=_scaled(LAYER, lambda config: 1 / config.batch),
    ),
    Mistake(
        slug="layer-gradients-batch-sum",
        says="recurrent gradients are not divided by the batch size, though the head's are",
        look_for="the gradient by the logits, divided by the batch in the head only",
        part="reduction",
        plant=_scaled(LAYER, lambda config: config.batch),
        seen=1,
    ),
    Mistake(
        slug="head-gradients-batch-twice",
        says="the head's gradients are divided by the batch size twice",
        look_for="/ batch in dW_out and db_out, when the loss is a mean",
        part="reduction",
        applies=_classifies,
        plant=_scaled(HEAD, lambda config: 1 / config.batch),
    ),
    Mistake(
        slug="head-gradients-batch-sum",
        says="the head's gradients are not divided by the batch size, though the layer's are",
        look_for="the gradient by the logits before its division by the batch",
        part="reduction",
        applies=_classifies,
        plant=_scaled(HEAD, lambda config: config.batch),
    ),
    Mistake(
        slug="b-gradient-batch-mean",
        says="the gradient of b is a mean over the batch",
        look_for="mean(axis=0) instead of sum(axis=0)",
        part="reduction",
        plant=_scaled(("b",), lambda config: 1 / config.batch),
    ),
    Mistake(
        slug="bout-gradient-batch-mean",
        says="the gradient of b_out is a mean over the batch",
        look_for="mean(axis=0) instead of sum(axis=0)",
        part="reduction",
        applies=_classifies,
        plant=_scaled(("b_out",), lambda config: 1 / config.batch),
    ),
    Mistake(
        slug="recurrent-gradients-over-hidden",
        says="recurrent gradients are divided by the number of hidden units",
        look_for="mean() over an axis of units",
        part="reduction",
        plant=_scaled(RECURRENT, lambda config: 1 / config.hidden),
    ),
    Mistake(
        slug="x-gradient-batch-mean",
        says="the gradient of x is divided by the batch size",
        look_for="/ batch in dx",
        part="reduction",
        plant=_scaled(("x",), lambda config: 1 / config.batch),
    ),
    Mistake(
        slug="clip-value-unasked",
        says="gradients are clipped by value at {value}",
        look_for="np.clip in the backward; PyTorch does not clip by default",
        part="clipping",
        applies=_unclipped,
        plant=_clipped(PARAMETERS),
        values=(0.1, 0.25, 0.5, 1, 5, 10),
        guess=_largest,
        seen=10,
    ),
    Mistake(
        slug="clip-value-unasked-recurrent",
        says="recurrent gradients are clipped by value at {value}",
        look_for="np.clip in the recurrent backward; PyTorch does not clip by default",
        part="clipping",
        applies=_unclipped,
        plant=_clipped(RECURRENT),
        values=(0.1, 0.25, 0.5, 1, 5, 10),
        guess=_largest,
    ),
    Mistake(
        slug="clip-value-unasked-in-bptt",
        says="gradients are clipped at {value} on their way back through time",
        look_for="np.clip inside the loop over time",
        part="clipping",
        plant=_clipped_inside,
        values=(0.1, 0.25, 0.5, 1, 5, 10),
        seen=2,
    ),
    Mistake(
        slug="clip-value-unasked-preactivation",
        says="the gradient of every pre-activation is clipped at {value}",
        look_for="np.clip of da inside the loop over time",
        part="clipping",
        plant=_clipped_each_step,
        values=(0.1, 0.25, 0.5, 1, 5, 10),
    ),
    Mistake(
        slug="clip-norm-unasked",
        says="gradients are clipped by their common norm at {value}",
        look_for="a norm over all gradients; PyTorch does not clip by default",
        part="clipping",
        applies=_unclipped,
        plant=_normed(0.0),
        values=(0.25, 1, 5),
        guess=_norm_together,
        seen=3,
    ),
    Mistake(
        slug="clip-norm-unasked-epsilon",
        says="gradients are clipped by their common norm at {value}, as clip_grad_norm_ does",
        look_for="a norm over all gradients, plus 1e-6; PyTorch does not clip by default",
        part="clipping",
        applies=_unclipped,
        plant=_normed(BESIDE),
        values=(0.25, 1, 5),
    ),
    Mistake(
        slug="clip-norm-unasked-each",
        says="each gradient is clipped by its own norm at {value}",
        look_for="np.linalg.norm of one gradient at a time",
        part="clipping",
        applies=_unclipped,
        plant=_normed_each,
        values=(0.25, 1, 5),
        guess=_norms,
        seen=2,
    ),
    Mistake(
        slug="step-uphill",
        says="the step goes up the gradient",
        look_for="w + lr * g instead of w - lr * g",
        part="step",
        applies=lambda config: not config.maximize,
        plant=_steps(PARAMETERS, lambda _: -1.0),
        seen=1,
    ),
    Mistake(
        slug="step-updates-nothing",
        says="the step updates nothing",
        look_for="an update that makes new arrays and does not keep them",
        part="step",
        plant=_steps(PARAMETERS, lambda _: 0.0),
    ),
    Mistake(
        slug="step-lr-twice",
        says="the step uses twice the learning rate",
        look_for="an update that is applied twice, or 2 * lr",
        part="step",
        plant=_steps(PARAMETERS, lambda _: 2.0),
    ),
    Mistake(
        slug="step-lr-squared",
        says="the step is multiplied by the square of the learning rate",
        look_for="lr as a factor in the backward and in the step",
        part="step",
        plant=_steps(PARAMETERS, lambda case: case.lr),
    ),
    Mistake(
        slug="step-over-batch",
        says="the step is divided by the batch size, like the gradient before",
        look_for="/ batch in the step, when the loss is a mean",
        part="step",
        plant=_steps(PARAMETERS, lambda case: 1 / case.config.batch),
    ),
    Mistake(
        slug="step-over-steps",
        says="the step is divided by the number of steps",
        look_for="/ steps in the update",
        part="step",
        plant=_steps(PARAMETERS, lambda case: 1 / case.config.steps),
        seen=1,
    ),
    Mistake(
        slug="step-head-missing",
        says="the step does not update the head",
        look_for="W_out and b_out, missing in the update",
        part="step",
        applies=_classifies,
        plant=_steps(HEAD, lambda _: 0.0),
    ),
    Mistake(
        slug="step-biases-missing",
        says="the step does not update the biases",
        look_for="b and b_out, missing in the update",
        part="step",
        plant=_steps(("b", "b_out"), lambda _: 0.0),
    ),
    Mistake(
        slug="step-wh-missing",
        says="the step does not update W_h",
        look_for="W_h, missing in the update",
        part="step",
        plant=_steps(("W_h",), lambda _: 0.0),
    ),
    Mistake(
        slug="step-bias-twice",
        says="the step moves b twice, as with two trainable biases",
        look_for="two biases that are both updated",
        part="step",
        plant=_steps(("b",), lambda _: 2.0),
    ),
    Mistake(
        slug="step-weight-decay-unasked",
        says="the step decays weights at a rate of {value}",
        look_for="weight decay, which is off by default in PyTorch's SGD",
        part="step",
        applies=lambda config: not config.weight_decay,
        plant=_decayed,
        values=(1e-5, 1e-4, 5e-4, 1e-3, 1e-2),
    ),
    Mistake(
        slug="step-lr-fixed",
        says="the learning rate is always {value}",
        look_for="a learning rate that is not the one given",
        part="step",
        plant=_fixed_rate,
        values=(0.001, 0.01, 0.1, 1.0),
        guess=_rate,
    ),
)


def _sum(terms: list[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
