"""Trace: the arrays a run produced, by name, in the order in which they are computed.

| name                         | shape                                              |
|------------------------------|----------------------------------------------------|
| hidden                       | (batch, steps, hidden): every h[t]                 |
| logits, loss                 | (batch, classes), (): classifier only; the logits  |
|                              | are (batch, steps, classes) where the loss is of   |
|                              | every step                                         |
| grad/W_out, grad/b_out       | (hidden, classes), (classes,): classifier only     |
| grad/W_x, grad/W_h, grad/b   | (features, hidden), (hidden, hidden), (hidden,)    |
| grad/x, grad/h_0             | (batch, steps, features), (batch, hidden)          |
| step/W_x ... step/b_out      | as the parameter, after one SGD step               |

The reference's trace decides which names a case has and their shapes, dtypes and order.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from parity.case import Array
from parity.errors import SubjectError

Trace = Mapping[str, Array]

BEHAVIOUR = "behaviour/"
"""What the names of comparisons that hold a subject against itself begin with."""

OPTIONAL = ("delta",)
"""Names that a subject may offer and the reference does not: only the local check uses them.

`delta`, (batch, steps, hidden), is the gradient by every pre-activation.
"""

_CHAPTERS = {"grad": "gradients", "delta": "gradients", "step": "step", "behaviour": "behaviour"}


def chapter(name: str) -> str:
    """Return the part of the computation that `name` belongs to.

    One of forward, gradients, step and behaviour.
    """
    return _CHAPTERS.get(name.partition("/")[0], "forward")


def read(answer: Any) -> Trace:
    """Return what a subject's `run` answered as a trace of fresh arrays.

    Raises SubjectError when it is no mapping of names to arrays of numbers.
    """
    if not isinstance(answer, Mapping):
        kind = "nothing (None)" if answer is None else type(answer).__name__
        raise SubjectError(f"run(case) must return a mapping of names to arrays, got {kind}")
    return {str(name): _array(str(name), value) for name, value in answer.items()}


def _array(name: str, value: Any) -> Array:
    try:
        if hasattr(value, "detach"):  # a tensor that still has its graph, or is not on the CPU
            value = value.detach().cpu()
        array = np.array(value)
    except MemoryError:
        raise
    except Exception as error:
        raise SubjectError(
            f"{name} must be an array, got {type(value).__name__}: {error}"
        ) from error
    if array.dtype.kind not in "fiub":
        raise SubjectError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    return array
