"""Scope: the names that a binding's expressions know, and where each comes from.

| name                        | meaning                                                            |
|-----------------------------|--------------------------------------------------------------------|
| batch, steps, features ...  | the sizes, `lr`, `layers`, `activation`, `dtype`                   |
| x, h_0, labels, W_x ...     | the case's arrays, (batch, steps, features) and so on              |
| ids, step_labels            | (batch, steps) integers                                            |
| one_hot, step_one_hot       | the labels as rows of zeros with a single 1                        |
| upstream                    | the gradient of the loss by every state, (batch, steps, hidden)    |
| d_logits, d_every_logits    | the gradient by the logits that the network has answered           |
| b_ih, b_hh                  | two arrays whose sum is b, for a network with two biases           |
| d_last                      | the gradient by the last state, by way of d_logits                 |
| f                           | the activation as a function                                       |
| every_h_0                   | (layers * directions, batch, hidden), as nn.RNN takes it           |
| upstream_output             | the gradient by every state, without the part that is ...          |
| every_upstream_final        | ... the gradients by every final state, in the order of every_h_0  |
| layer, reverse, direction   | in places and answers: 0, 1 ...; "" or "_reverse"; 0 or 1          |
"""

from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.model.biases import shares
from parity.model.case import Array, Case
from parity.model.cell import Cell

MISSING = object()

HELPERS: Mapping[str, Any] = {"np": np, "SimpleNamespace": SimpleNamespace}
"""Names that every expression knows, after somebody's own."""


def relu(a: Array) -> Array:
    """max(a, 0)"""
    positive: Array = np.maximum(a, 0)
    return positive


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {"tanh": np.tanh, "relu": relu}


def softmax(logits: Array) -> Array:
    """exp(l) / sum exp(l), along the last axis."""
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    normalised: Array = p / p.sum(axis=-1, keepdims=True)
    return normalised


class CaseNames:
    """The names of a case's values, each computed when it is asked for."""

    def __init__(
        self, case: Case, answers: Mapping[str, Array] | None = None, *, tensors: bool = False
    ) -> None:
        self.case, self.tensors = case, tensors
        self.answers = {} if answers is None else answers  # it grows while a case is asked

    def __getitem__(self, name: str) -> Any:
        if name in SIZES:
            return getattr(self.case.config, name)
        if (array := self._array(name)) is None:
            raise KeyError(name)
        return borders.tensor(array) if self.tensors and isinstance(array, np.ndarray) else array

    def _array(self, name: str) -> Any:
        if name in COMPUTED:
            return COMPUTED[name](self)
        if name in self.case.arrays:
            array: Array = getattr(self.case, name)
            return array.copy() if name in self.case.parameters or name in WEIGHTS else array
        return None

    def states(self) -> Array:
        """Return the states that the network has answered, or the case's own by the equations."""
        hidden = self.answers.get("hidden")
        return _states(self.case) if hidden is None else np.asarray(hidden)

    def logits(self, *, every: bool) -> Array:
        """Return the logits that the network has answered, or the case's own by the equations."""
        name = "every_logits" if every else "logits"
        if name in self.answers:
            return np.asarray(self.answers[name])
        states = self.states()
        chosen = states if every else states[:, -1]
        logits: Array = chosen @ self.case.W_out + self.case.b_out
        return logits


SIZES = (
    *("batch", "steps", "features", "hidden", "classes", "layers", "directions", "width"),
    *("activation", "dtype", "lr", "bidirectional", "initial"),
)
WEIGHTS = ("W_x", "W_h", "b", "W_out", "b_out")


def _states(case: Case) -> Array:
    """Return the last layer's states by the equations: (batch, steps, width)."""
    states = case.x
    for layer in range(case.config.layers):
        own = [cell for cell in case.config.cells if cell.layer == layer]
        states = np.concatenate([_of_cell(case, cell, states) for cell in own], axis=2)
    return states


def _of_cell(case: Case, cell: Cell, x: Array) -> Array:
    f = ACTIVATIONS[case.config.activation]
    W_x, W_h, b, h = (getattr(case, cell.name(of)) for of in ("W_x", "W_h", "b", "h_0"))
    states = np.empty((*x.shape[:2], case.config.hidden), x.dtype)
    for t in range(case.config.steps)[:: -1 if cell.reverse else 1]:
        states[:, t] = h = f(x[:, t] @ W_x + h @ W_h + b)
    return states


def _upstream(names: CaseNames) -> Array:
    """Return the gradient by every state, also by way of the final one."""
    gradient, config = _upstream_output(names), names.case.config
    if config.kind == "layer":
        last = Cell(layer=config.layers - 1)
        gradient[:, -1, : config.hidden] += getattr(names.case, last.name("upstream_final"))
    return gradient


def _upstream_output(names: CaseNames) -> Array:
    """Return the gradient by every state: a layer's own, or that of a head on the last state."""
    case = names.case
    if case.config.kind == "layer":
        return case.upstream.copy()
    gradient = np.zeros_like(case.upstream)
    if case.config.every_step:
        return np.asarray(_d_every_logits(names) @ case.W_out.T)
    gradient[:, -1] = _d_last(names)
    return gradient


def _d_logits(names: CaseNames) -> Array:
    """Return (softmax(logits) - one-hot) / batch; of half a squared distance, (l - one-hot) / n."""
    case, logits = names.case, names.logits(every=False)
    answered = logits if case.config.squared else softmax(logits)
    gradient: Array = (answered - _one_hot(case, case.labels)) / case.config.batch
    return gradient


def _d_every_logits(names: CaseNames) -> Array:
    case, logits = names.case, names.logits(every=True)
    answered = logits if case.config.squared else softmax(logits)
    gradient: Array = (answered - _one_hot(case, case.step_labels)) / case.config.batch
    return gradient


def _d_last(names: CaseNames) -> Array:
    gradient: Array = _d_logits(names) @ names.case.W_out.T
    return gradient


def _every(names: CaseNames, of: str) -> Array:
    """Return an array of every layer and direction: (layers * directions, batch, hidden)."""
    case = names.case
    return np.stack([getattr(case, cell.name(of)) for cell in case.config.cells])


def _every_upstream_final(names: CaseNames) -> Array:
    """Return the gradients by the final states; a classifier has none beside those of its head."""
    every = _every(names, "upstream_final")
    return every if names.case.config.kind == "layer" else every * 0


def _one_hot(case: Case, labels: Array) -> Array:
    rows: Array = np.eye(case.config.classes, dtype=case.x.dtype)[labels]
    return rows


COMPUTED: Mapping[str, Callable[[CaseNames], Any]] = {
    "ids": lambda names: names.case.x.argmax(axis=2),
    "one_hot": lambda names: _one_hot(names.case, names.case.labels),
    "step_one_hot": lambda names: _one_hot(names.case, names.case.step_labels),
    "upstream": _upstream,
    "d_logits": _d_logits,
    "d_every_logits": _d_every_logits,
    "d_last": _d_last,
    "every_h_0": lambda names: _every(names, "h_0"),
    "every_upstream_final": _every_upstream_final,
    "upstream_output": _upstream_output,
    "b_ih": lambda names: shares(names.case.b)[0],
    "b_hh": lambda names: shares(names.case.b)[1],
    "f": lambda names: ACTIVATIONS[names.case.config.activation],
}


class Scope:
    """Sources of names, asked one after the other: mappings, objects and modules."""

    def __init__(self, *sources: Any) -> None:
        self.sources = [source for source in sources if source is not None]

    def __call__(self, name: str) -> Any:
        """Return a value, or the owner of a name: `Wx@owner`. Raises KeyError."""
        if name.endswith("@owner"):
            return self._owner(name.removesuffix("@owner"))
        for source in self.sources:
            if (value := _found(source, name)) is not MISSING:
                return value
        raise KeyError(name)

    def _owner(self, name: str) -> Any:
        theirs = [s for s in self.sources if not isinstance(s, (CaseNames, Mapping))]
        for source in self.sources:
            if not isinstance(source, CaseNames) and _found(source, name) is not MISSING:
                return vars(source) if isinstance(source, ModuleType) else source
        first = theirs[0] if theirs else self.sources[0]
        return vars(first) if isinstance(first, ModuleType) else first


def _found(source: Any, name: str) -> Any:
    if isinstance(source, (Mapping, CaseNames)):
        try:
            return source[name]
        except KeyError:
            return MISSING
    try:
        value = getattr(source, name, MISSING)
    except Exception:  # noqa: BLE001 - a property of somebody's own
        return MISSING
    return MISSING if name in SIZES and callable(value) else value  # `batch()` is not a size
