"""Trace: the arrays that a run produced, by name, in the order in which they are computed.

| name                         | shape                                              |
|------------------------------|----------------------------------------------------|
| hidden_l0 ...                | (batch, steps, width): the states of the layers    |
|                              | below the last one, before dropout; optional       |
| hidden                       | (batch, steps, width): every h[t] of the last      |
|                              | layer, zero in the padding                         |
| final, final_l1 ...          | (batch, hidden): every cell's final state, each    |
|                              | sequence's own; of several layers, two directions, |
|                              | or lengths                                         |
| logits, loss                 | (batch, classes), (): classifier only; the logits  |
|                              | are (batch, steps, classes) where the loss is of   |
|                              | every step                                         |
| grad/W_out, grad/b_out       | (width, classes), (classes,): classifier only      |
| grad/W_x, grad/W_h, grad/b   | (features, hidden), (hidden, hidden), (hidden,)    |
| grad/W_x_l1_reverse ...      | as the parameter of that layer and direction       |
| grad/b_hh, step/b_hh         | as b: of the second of two biases; optional, see   |
|                              | parity.model.biases                                |
| grad/x, grad/h_0             | (batch, steps, features), (batch, hidden)          |
| step/W_x ... step/b_out      | as the parameter, after one SGD step               |
| step2/W_x ...                | after the second one, and so on                    |
| step2/hidden, step2/loss     | what the second step starts from; hidden: optional |

`width` is `hidden` times the number of directions. The reference's trace decides which names a
case has and their shapes, dtypes and order.
"""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from parity.model.case import Array
from parity.model.config import Config
from parity.model.errors import SubjectError
from parity.model.formats import dtype, is_real

Trace = Mapping[str, Array]


def outputs(config: Config) -> tuple[str, ...]:
    """Return the names of every layer's states, from the first layer on."""
    return (*(f"hidden_l{layer}" for layer in range(config.layers - 1)), "hidden")


def read(answer: Any) -> Trace:
    """Return the answer of a subject's `run` as a trace of fresh arrays.

    Raises SubjectError when it is not a mapping of names to arrays of numbers.
    """
    if not isinstance(answer, Mapping):
        kind = "nothing (None)" if answer is None else type(answer).__name__
        raise SubjectError(f"run(case) must return a mapping of names to arrays, got {kind}")
    return {str(name): _array(str(name), value) for name, value in answer.items()}


def _of_tensor(tensor: Any) -> Any:
    """Return a tensor in a form that NumPy can read: bfloat16, which NumPy lacks, by its bits."""
    if str(tensor.dtype) != "torch.bfloat16":
        return tensor
    return tensor.view(sys.modules["torch"].int16).numpy().view(dtype("bfloat16"))


def _array(name: str, value: Any) -> Array:
    try:  # nothing but the subject's own code: detach, cpu, __array__
        if hasattr(value, "detach"):  # a tensor that still has its graph, or is not on the CPU
            value = _of_tensor(value.detach().cpu())
        array = np.array(value)
    except MemoryError:
        raise
    except Exception as error:
        raise SubjectError(
            f"{name} must be an array, got {type(value).__name__}: {error}"
        ) from error
    if not is_real(array.dtype):
        raise SubjectError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    return array
