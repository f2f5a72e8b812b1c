"""Softmax cross-entropy, exact for any finite logits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def softmax(logits: Array) -> Array:
    """Return p[n, c] = exp(logits[n, c]) / sum_k exp(logits[n, k]); (batch, classes).

    The row's maximum is subtracted first, so no exponential overflows.
    """
    p: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p


def softmax_cross_entropy(logits: Array, labels: NDArray[np.integer]) -> tuple[Any, Array]:
    """Return the mean loss and its gradient by the logits.

    loss = mean_n (log sum_k exp(logits[n, k]) - logits[n, labels[n]])
    gradient = (softmax(logits) - onehot(labels)) / batch

    logits: (batch, classes); labels: (batch,). Returns a scalar of the logits' dtype and
    (batch, classes). The logarithm is taken of the sum, which is at least 1 after the row's
    maximum is subtracted, never of a probability: the loss has no cap and log needs no epsilon.
    Source: PyTorch `CrossEntropyLoss` documentation, reduction "mean".
    """
    rows = np.arange(len(logits))
    shifted = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(shifted)
    total = p.sum(axis=1, keepdims=True)  # (batch, 1), from 1 to classes
    loss = (np.log(total[:, 0]) - shifted[rows, labels]).mean()
    p /= total
    p[rows, labels] -= 1
    p /= len(logits)
    return loss, p
