"""The floating-point formats, and the numbers that describe each of them."""

import math
import sys
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A binary format: bits of precision, and the exponent of its smallest normal number."""

    dtype: np.dtype[Any]
    bits: int
    least: int
    is_flushed: bool = True  # a processor can be set to turn its subnormal numbers into zero

    @property
    def unit_roundoff(self) -> float:
        """Half the distance from 1 to the next number."""
        return 2.0**-self.bits

    @property
    def smallest_normal(self) -> float:
        """The smallest positive number of full precision."""
        return 2.0**self.least

    @property
    def smallest_subnormal(self) -> float:
        """The smallest positive number."""
        return 2.0 ** (self.least - self.bits + 1)

    @property
    def may_be_zero(self) -> float:
        """The number below which an operation may turn its result, or an operand, into zero.

        Processors have a switch for this, thread by thread, and libraries set it.
        """
        return self.smallest_normal if self.is_flushed else 0.0

    @property
    def faint(self) -> float:
        """The number below which a stored number does not show whether it was zero before."""
        return self.smallest_normal if self.is_flushed else self.smallest_subnormal


FORMATS = {
    "float64": Format(dtype=np.dtype(np.float64), bits=53, least=-1022),
    "float32": Format(dtype=np.dtype(np.float32), bits=24, least=-126),
    "float16": Format(dtype=np.dtype(np.float16), bits=11, least=-14, is_flushed=False),
    "bfloat16": Format(dtype=np.dtype(ml_dtypes.bfloat16), bits=8, least=-126),
}
"""The formats by name. Source: IEEE 754-2019; for bfloat16, the documentation of ml_dtypes."""

UNIT_ROUNDOFF = {name: form.unit_roundoff for name, form in FORMATS.items()}


def dtype(name: str) -> np.dtype[Any]:
    """Return NumPy's dtype of a format."""
    return FORMATS[name].dtype


def is_bfloat16(kind: np.dtype[Any]) -> bool:
    """Return whether a dtype is bfloat16, for which NumPy itself has no name."""
    return kind == dtype("bfloat16")


def is_real(kind: np.dtype[Any]) -> bool:
    """Return whether a dtype holds numbers, bfloat16 included."""
    return kind.kind in "fiub" or is_bfloat16(kind)


def code(kind: np.dtype[Any]) -> str:
    """Return the text for a dtype in data: NumPy's own text, or bfloat16 by its name."""
    return "bfloat16" if is_bfloat16(kind) else kind.str


def decoded(text: str) -> np.dtype[Any]:
    """Return the dtype that `code` has written."""
    return dtype(text) if text in FORMATS else np.dtype(text)


def smallest_normal(name: str) -> float:
    """Return the smallest positive number of full precision."""
    return FORMATS[name].smallest_normal


def largest_sum_of_squares(name: str) -> float:
    """Return the sum of squares at which a norm becomes infinite; 16-bit formats add in float32."""
    if name == "float64":
        return sys.float_info.max
    return 65520.0**2 if name == "float16" else 2.0**128  # 65520 is rounded to infinity


def smallest_subnormal(name: str) -> float:
    """Return the smallest positive number."""
    return FORMATS[name].smallest_subnormal


def spacing(name: str, value: float) -> float:
    """Return the gap after |value|, rounded down to a number of the format, to the next number."""
    form = FORMATS[name]
    if value == 0:
        return form.smallest_subnormal
    exponent = math.frexp(min(abs(value), sys.float_info.max))[1] - 1
    exponent = min(max(exponent, form.least), 1 - form.least)
    return math.ldexp(1.0, exponent - form.bits + 1)


def flushes_to_zero() -> bool:
    """Return whether this thread turns subnormal results into zeros, which processors can do.

    torch.set_flush_denormal(True) does it to NumPy, too.
    """
    return bool((np.array([np.finfo(np.float64).smallest_normal]) / 2 == 0).any())
