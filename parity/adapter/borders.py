"""Borders: NumPy arrays from and to what somebody's code uses: tensors, lists, numbers.

PyTorch is imported by nobody here: a tensor is recognised where it has been imported already.
"""

import sys
from typing import Any

import numpy as np

from parity.model.case import Array
from parity.model.errors import SubjectError

KINDS = "fiub"
"""The kinds of NumPy's dtypes that are numbers."""


def is_tensor(value: Any) -> bool:
    """Return whether a value is a PyTorch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def tensor(array: Array) -> Any:
    """Return an array as a tensor over memory of its own.

    Raises SubjectError where nobody has imported PyTorch.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        raise SubjectError("tensors are wanted, and the subject does not import PyTorch")
    return torch.from_numpy(np.array(array))


def single(model: Any) -> bool:
    """Return whether an object is a PyTorch module whose parameters are float32."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        return False
    formats = {parameter.dtype for parameter in model.parameters()}
    return bool(formats) and formats == {torch.float32}


def as_array(value: Any) -> Array | None:
    """Return numbers as an array: an array, a float, a tensor; None for anything else."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in KINDS else _of_objects(value)
    if isinstance(value, (float, np.floating)):
        return np.asarray(value)
    if is_tensor(value):
        return _from_tensor(value)
    return None


def answer(value: Any) -> Any:
    """Return an answer as a new array where it is numbers, lists of numbers or of tensors."""
    if (array := as_array(value)) is not None:
        return np.array(array)
    if isinstance(value, (list, tuple)) and value:
        inner = [answer(item) for item in value]
        if all(isinstance(item, np.ndarray) for item in inner):
            return np.stack(inner)
    return np.array(value)


def write(there: Any, value: Array) -> bool:
    """Write numbers into an array or tensor of their shape; return whether that was possible."""
    if isinstance(there, np.ndarray):
        fits = there.shape == value.shape and there.dtype.kind == "f" and there.flags.writeable
        if fits:
            there[...] = value
        return fits
    if is_tensor(there) and tuple(there.shape) == value.shape and there.dtype.is_floating_point:
        there.data.copy_(tensor(value))
        return True
    return False


def holds(there: Any, value: Array) -> bool:
    """Return whether an array or tensor holds these numbers, rounded to its own format."""
    found = as_array(there)
    if found is None or found.shape != value.shape:
        return False
    with np.errstate(all="ignore"):
        return np.array_equal(found, value.astype(found.dtype), equal_nan=True)


def like(old: Any, value: Any) -> Any:
    """Return numbers as what has been in their place: a tensor, a list, or an array."""
    if not isinstance(value, np.ndarray):
        return value
    if is_tensor(old):
        new = tensor(value).to(old.dtype)
        return new.requires_grad_() if old.requires_grad else new
    if isinstance(old, list):
        return value.tolist()
    if isinstance(old, np.ndarray) and old.dtype.kind == "f" and old.dtype != value.dtype:
        return value.astype(old.dtype)
    return value


def _from_tensor(value: Any) -> Array | None:
    try:
        array: Array = value.detach().cpu().numpy()
    except (RuntimeError, TypeError):
        return None
    return array if array.dtype.kind in KINDS else None


def _of_objects(value: Array) -> Array | None:
    """Return an array of arrays of one shape as one array; None for other objects."""
    if value.dtype.kind != "O" or not value.size:
        return None
    try:
        whole = np.stack([np.asarray(item, float) for item in value.ravel()])
    except (TypeError, ValueError):
        return None
    return whole.reshape(value.shape + whole.shape[1:])
