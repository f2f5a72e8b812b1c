"""Softmax cross-entropy, exact for any finite logits, with the options of PyTorch's."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _check
from ._arithmetic import rounded, widened

Array = NDArray[Any]
Labels = NDArray[np.integer]
Reduction = Literal["mean", "sum"]


def softmax(logits: Array) -> Array:
    """Return p[n, c] = exp(logits[n, c]) / sum_k exp(logits[n, k]); (batch, classes).

    The row's maximum is subtracted first, so no exponential overflows.
    """
    wide = widened(logits)
    p: Array = np.exp(wide - wide.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    result: Array = rounded(p, logits.dtype) if logits.dtype.kind not in "iub" else p
    return result


def mean_cross_entropy(logits: Array, labels: Labels) -> tuple[Any, Array]:
    """Return the mean loss and its gradient by the logits: no options, nothing checked.

    loss = mean_n (log sum_k exp(logits[n, k]) - logits[n, labels[n]])
    gradient = (softmax(logits) - onehot(labels)) / batch

    logits: (batch, classes); labels: (batch,), each in 0..classes-1. Returns a scalar of the
    logits' dtype and (batch, classes). The logarithm is never taken of a probability, but of the
    sum, which is at least 1 after the row's maximum is subtracted. So the loss has no cap and log
    needs no epsilon.
    """
    if logits.dtype.itemsize == 2:
        loss, p = mean_cross_entropy(widened(logits), labels)
        return rounded(loss, logits.dtype), rounded(p, logits.dtype)
    batch, classes = logits.shape
    places = labels.astype(np.intp, copy=False)
    own = np.arange(0, batch * classes, classes) + places  # in a row of all entries
    shifted = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    p = np.exp(shifted)
    total = np.add.reduce(p, axis=1, keepdims=True)  # (batch, 1), from 1 to classes
    loss = np.add.reduce(np.log(total[:, 0]) - shifted.take(own)) / logits.dtype.type(batch)
    p = p / total  # not in place: NumPy is slower at that where arrays are small
    p.put(own, p.take(own) - 1)
    return loss, p / batch


def softmax_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    class_weights: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> tuple[Any, Array]:
    """Return the loss and its gradient by the logits.

    With log p = log softmax(logits), y = labels, w = class_weights, s = label_smoothing and C
    classes, over the rows n whose label is not `ignore_index`:

    loss = sum_n ((1 - s) w[y[n]] (-log p[n, y[n]]) + s/C sum_c w[c] (-log p[n, c])) / norm

    where norm is sum_n w[y[n]] for the reduction "mean" and 1 for "sum". Ignored rows have no
    gradient; if all are, or their weights are zero, the mean is NaN, as 0/0 is.

    logits: (batch, classes); labels: (batch,) whole numbers; class_weights: (classes,), of the
    logits' dtype, all 1 by default; label_smoothing: 0 to 1. Returns a scalar of the logits' dtype
    and (batch, classes). 16-bit logits are converted to float32, and each result is rounded once.

    Raises ShapeError for an array that does not fit, DtypeError for class_weights of another dtype
    (a list has none), TypeError for labels that are not whole numbers, ValueError for a label
    outside 0..classes-1 and for an option out of its range.
    Source: PyTorch `CrossEntropyLoss` documentation, of class numbers.
    """
    given = _logits(logits)
    batch, classes = given.shape
    numbers, kept = checked_labels(labels, batch, classes, ignore_index)
    check_options(label_smoothing, ignore_index, reduction)
    if kept is None and class_weights is None and not label_smoothing and reduction == "mean":
        return mean_cross_entropy(given, numbers)

    if kept is None:
        kept = np.ones(batch, bool)
    weights = np.ones(classes, given.dtype)
    if class_weights is not None:
        weights = _check.exactly(
            "class_weights", class_weights, (classes,), given.dtype, "the logits"
        )
    with np.errstate(invalid="ignore", divide="ignore"):  # 0/0 where no label counts
        loss, gradient = _cross_entropy(
            widened(given), numbers, kept, widened(weights), label_smoothing, reduction
        )
    return rounded(loss, given.dtype), rounded(gradient, given.dtype)


def checked_labels(
    value: ArrayLike, batch: int, classes: int, ignore_index: int
) -> tuple[Labels, Array | None]:
    """Return `value` as class numbers, and which of them are not ignored, None for all: (batch,).

    Raises ShapeError for another shape, TypeError for anything but whole numbers, ValueError for
    a label that is neither `ignore_index` nor in 0..classes-1.
    """
    result = np.asarray(value)
    if result.shape != (batch,):
        raise _check.ShapeError(f"labels must have shape ({batch},), got {result.shape}")
    if result.dtype.kind not in "iu" and batch:
        raise TypeError(f"labels must be whole numbers, got dtype {result.dtype}")
    labels = result.astype(np.int64, copy=False)
    unsigned = labels.view(np.uint64)  # a number below 0 becomes huge: one comparison for both ends
    if batch and not 0 <= ignore_index < classes and unsigned.max() < classes:
        return labels, None
    kept: Array = labels != ignore_index
    wrong = labels[kept & (unsigned >= classes)]
    if wrong.size:
        raise ValueError(
            f"labels must lie in 0..{classes - 1} or be the ignored {ignore_index}, got {wrong[0]}"
        )
    return labels, kept


def check_options(label_smoothing: float, ignore_index: int, reduction: str) -> None:
    """Refuse options with which no loss can be computed.

    Raises ValueError for a smoothing outside 0..1 or an unknown reduction, TypeError for an
    ignore_index that is not a whole number.
    """
    _check.probability("label_smoothing", label_smoothing)  # not NaN, which PyTorch takes for 0
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, (int, np.integer)):
        raise TypeError(f"ignore_index must be a whole number, got {ignore_index!r}")
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be mean or sum, one number to step by, got {reduction!r}")


def _cross_entropy(
    logits: Array, labels: Labels, kept: Array, weights: Array, smoothing: float, reduction: str
) -> tuple[Any, Array]:
    """Return the loss and its gradient with every option.

    With own[n] = w[y[n]] and even = s/C w, which are zero where a row is ignored:
    gradient[n] = ((1 - s) own[n] (p[n] - onehot(y[n])) + p[n] sum_c even[c] - even) / norm
    """
    batch, classes = logits.shape
    rows, picked = np.arange(batch), np.where(kept, labels, 0)
    log_p = logits - logits.max(axis=1, keepdims=True)
    log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))  # of sums from 1 to classes
    p = np.exp(log_p)
    own = np.where(kept, weights[picked], 0)  # (batch,)
    norm = own.sum() if reduction == "mean" else logits.dtype.type(1)

    loss = np.where(kept, own * -log_p[rows, picked], 0).sum() / norm  # of no label 0.0, not -0.0
    sharp = np.where(kept, (1 - smoothing) * own / norm, 0)
    gradient = p * sharp[:, None]
    gradient[rows, picked] -= sharp
    if smoothing:
        spread = np.where(kept, (log_p * weights).sum(axis=1), 0)  # 0 * log p would be NaN
        loss = (1 - smoothing) * loss - smoothing / classes * (spread.sum() / norm)
        even = np.where(kept, smoothing / classes / norm, 0)[:, None]
        gradient += even * (p * weights.sum() - weights)
    return loss, gradient


def _logits(value: ArrayLike) -> Array:
    given = np.asarray(value)
    if given.dtype.kind in "iub":
        given = given.astype(np.float64)
    if given.ndim != 2 or not given.shape[1]:
        raise _check.ShapeError(f"logits must have shape (batch, classes), got {given.shape}")
    return given
