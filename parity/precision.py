"""The numbers a floating-point format comes with."""

import numpy as np

UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24}


def smallest_normal(dtype: str) -> float:
    """Return the smallest positive number of full precision."""
    return float(np.finfo(dtype).smallest_normal)


def flushes_to_zero() -> bool:
    """Return whether this thread turns subnormal results into zeros, as processors can be told to.

    torch.set_flush_denormal(True) does it to NumPy, too.
    """
    return bool((np.array([np.finfo(np.float64).smallest_normal]) / 2 == 0).any())


def smallest_subnormal(dtype: str) -> float:
    """Return the smallest positive number: 2**-1074 or 2**-149."""
    return {"float64": 5e-324, "float32": 2.0**-149}[dtype]
