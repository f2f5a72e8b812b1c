"""16-bit numbers are computed with in float32, and rounded where a result is handed on.

bfloat16 is not NumPy's own: it is known here by what NumPy knows of any dtype, so nothing but
NumPy is imported.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def widened(array: Array) -> Array:
    """Return `array` itself, or as float32 where it is float16 or bfloat16."""
    return array.astype(np.promote_types(array.dtype, np.float32), copy=False)


def rounded(array: Any, dtype: np.dtype[Any]) -> Any:
    """Return `array`, or a scalar, as `dtype`; what is too large for it becomes infinite."""
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):
        return array.astype(dtype)
