"""Aid: the functions that an adapter needs beside somebody's own code. See `adapt-subject`."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from parity.model.case import Array, Case
from parity.subjects import source


def definitions(path: str | Path, *, run_all: bool = False) -> ModuleType:
    """Return the functions, classes and constants of a script or notebook as a module.

    Raises SubjectError when there is no such file or it is not Python.
    """
    return source.read(Path(path), run_all=run_all).module


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


def one_hot(labels: Array, case: Case) -> Array:
    """Return labels of any shape as rows of zeros with a single 1: (..., classes)."""
    rows: Array = np.eye(case.config.classes, dtype=case.x.dtype)[labels]
    return rows


def d_logits(case: Case, logits: Array) -> Array:
    """Return the gradient of the case's loss by the logits: (softmax - one-hot) / batch."""
    gradient: Array = (softmax(logits) - one_hot(case.labels, case)) / len(logits)
    gradient.flags.writeable = False
    return gradient


def upstream(case: Case, hidden: Array) -> Array:
    """Return the gradient of the case's loss by every hidden state: (batch, steps, hidden).

    For a layer it is the one that the case has drawn, for a classifier that of a head on the last
    state. It is read-only: code that writes into it raises an error.
    """
    if case.config.kind == "layer":
        gradient = case.upstream.copy()
        gradient[:, -1] += case.upstream_final
    else:
        gradient = np.zeros_like(case.upstream)
        gradient[:, -1] = d_logits(case, hidden[:, -1] @ case.W_out + case.b_out) @ case.W_out.T
    gradient.flags.writeable = False
    return gradient


FAR = 2.0**60
"""A learning rate at which a step is all gradient: w - w' is right to the gradient's own digits."""


def by_steps(one: Callable[[Case], Mapping[str, Any]]) -> Callable[[Case], dict[str, Any]]:
    """Make a subject offer the gradients of one that only changes its weights.

    They are (w - w') / lr of a second run at a large learning rate.
    """

    @functools.wraps(one)
    def run(case: Case) -> dict[str, Any]:
        answer = dict(one(case))
        far = one(case.replace(case.config.replace(lr=FAR)))
        for name in case.parameters:
            if f"step/{name}" in far and f"grad/{name}" not in answer:
                moved = getattr(case, name) - np.asarray(far[f"step/{name}"])
                answer[f"grad/{name}"] = moved / FAR
        return answer

    return run
