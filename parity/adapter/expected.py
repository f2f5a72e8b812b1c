"""Expected: a right network's answers to a probing case, to recognise answers by value.

h[t] = f(x[t] W_x + h[t-1] W_h + b), logits[t] = h[t] W_out + b_out. Gradients are central
differences of the loss: the equations of backpropagation are judged elsewhere, by the reference.
"""

import functools
from collections.abc import Callable

import numpy as np

from parity.model.case import Array, Case

STEP = 2.0**-17
"""Of the central differences: h^2 and u / h are both near 1e-10."""

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
}

PARAMETERS = ("W_x", "W_h", "b", "W_out", "b_out", "x", "h_0")


def forward(case: Case, activation: str = "tanh") -> dict[str, Array]:
    """Return the arrays that a subject may answer: states, logits, probabilities."""
    f = ACTIVATIONS[activation]
    h, states = case.h_0, []
    for t in range(case.config.steps):
        h = f(case.x[:, t] @ case.W_x + h @ case.W_h + case.b)
        states.append(h)
    hidden = np.stack(states, axis=1)
    every = hidden @ case.W_out + case.b_out
    return {
        "hidden": hidden,
        "last": hidden[:, -1],
        "logits": every[:, -1],
        "probabilities": softmax(every[:, -1]),
        "log_probabilities": np.log(softmax(every[:, -1])),
        "every_logits": every,
        "every_probabilities": softmax(every),
        "every_log_probabilities": np.log(softmax(every)),
    }


def softmax(logits: Array) -> Array:
    """exp(l) / sum exp(l), along the last axis."""
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    normalised: Array = p / p.sum(axis=-1, keepdims=True)
    return normalised


def loss(case: Case, kind: str, activation: str = "tanh") -> float:
    """Return a loss of a probing case.

    mean: of the cross-entropy of the last step over the rows; steps: of its sum over all steps,
    each with the row's `step_labels`; squared: of half the squared distance of the logits from
    the one-hot labels; squared-steps: of its sum over all steps; upstream: the sum of what the
    case's upstream gradients are the gradients of.
    """
    found = forward(case, activation)
    batch, classes = case.config.batch, case.config.classes
    if kind == "upstream":
        total = (case.upstream * found["hidden"]).sum()
        return float(total + (case.upstream_final * found["last"]).sum())
    if kind == "squared-steps":
        apart = found["every_logits"] - np.eye(classes)[case.step_labels]
        return float((apart**2).sum() / 2 / batch)
    if kind == "squared":
        return float(((found["logits"] - np.eye(classes)[case.labels]) ** 2).sum() / 2 / batch)
    if kind == "steps":
        p = np.take_along_axis(found["every_probabilities"], case.step_labels[..., None], axis=2)
        return float(-np.log(p).sum() / batch)
    return float(-np.log(found["probabilities"][np.arange(batch), case.labels]).mean())


def gradients(case: Case, kind: str, activation: str = "tanh") -> dict[str, Array]:
    """Return the gradients of `loss`, within some 1e-9, by name."""
    return _gradients(_Key(case), kind, activation)


class _Key:
    """A case by its identity, for the cache."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.case is self.case

    def __hash__(self) -> int:
        return id(self.case)


@functools.lru_cache(maxsize=64)
def _gradients(key: _Key, kind: str, activation: str) -> dict[str, Array]:
    case, found = key.case, {}
    for name in PARAMETERS:
        array = getattr(case, name)
        slopes = np.empty(array.size)
        for i in range(array.size):
            up, down = array.copy(), array.copy()
            up.flat[i] += STEP
            down.flat[i] -= STEP
            both = [loss(case.replace(**{name: at}), kind, activation) for at in (up, down)]
            slopes[i] = (both[0] - both[1]) / (2 * STEP)
        found[name] = slopes.reshape(array.shape)
    return found


def share(found: Array, right: Array) -> float:
    """Return the share of entries that are right, to the digits that central differences have."""
    if found.shape != right.shape or found.dtype.kind not in "fiu":
        return 0.0
    scale = np.abs(right).max() + 1e-30
    with np.errstate(all="ignore"):
        close = np.abs(found - right) <= 1e-6 * scale + 1e-5 * np.abs(right)
    return float(close.mean())
