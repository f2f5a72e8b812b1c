"""The linear head: class scores of a state, and the gradients back through them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arithmetic import rounded, widened

Array = NDArray[Any]


def forward(state: Array, W_out: Array, b_out: Array) -> Array:
    """Return logits = state W_out + b_out: (batch, classes), rounded once where they are 16-bit.

    state: (batch, width), W_out: (width, classes), b_out: (classes,).
    """
    if state.dtype.itemsize == 2:
        wide = forward(widened(state), widened(W_out), widened(b_out))
        narrow: Array = rounded(wide, state.dtype)
        return narrow
    logits: Array = state.dot(W_out)
    logits += b_out
    return logits


def backward(state: Array, W_out: Array, d_logits: Array) -> tuple[Array, Array, Array]:
    """Return the gradients by state, W_out and b_out.

    d_state = d_logits W_out^T,  dW_out = state^T d_logits,  db_out = sum_n d_logits[n]
    """
    if state.dtype.itemsize == 2:
        d_state, dW_out, db_out = backward(widened(state), widened(W_out), widened(d_logits))
        dtype = state.dtype
        return rounded(d_state, dtype), rounded(dW_out, dtype), rounded(db_out, dtype)
    return d_logits.dot(W_out.T), state.T.dot(d_logits), np.add.reduce(d_logits, axis=0)
