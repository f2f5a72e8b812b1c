"""Fingerprints: the traces of lower precision and lost digits in the numbers."""

from typing import Any

import numpy as np
import pytest
import torch

from parity import Case, Config, Status, draw, scratch
from tests.judging.verdicts import Run, off_by, status_of, verdict_of


def in_float32(case: Case) -> dict[str, Any]:
    names = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out")
    single = {name: getattr(case, name).astype(np.float32) for name in names}
    trace = scratch.run(case.replace(case.config.replace(dtype="float32"), **single))
    return {name: np.asarray(array, np.float64) for name, array in trace.items()}


def rounded_to(bits: int) -> Run:
    """Return the forward of a layer whose products take operands of so many bits."""

    def short(array: np.ndarray) -> np.ndarray:
        mantissa, exponent = np.frexp(array)
        return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(np.float32)

    def run(case: Case) -> dict[str, Any]:
        h, states = case.h_0, []
        for t in range(case.config.steps):
            a = short(case.x[:, t]) @ short(case.W_x) + short(h) @ short(case.W_h) + case.b
            h = np.tanh(a)
            states.append(h)
        return {"hidden": np.stack(states, axis=1)}

    return run


PRECISIONS = {
    "float32 in float64": (in_float32, "float64", "float32 arithmetic inside float64"),
    "TF32": (rounded_to(11), "float32", "11-bit arithmetic (TF32 or float16) inside float32"),
    "bfloat16": (rounded_to(8), "float32", "8-bit arithmetic (bfloat16) inside float32"),
}


@pytest.mark.parametrize("hidden", [6, 64])
@pytest.mark.parametrize(("run", "dtype", "name"), PRECISIONS.values(), ids=PRECISIONS.keys())
def test_lower_precision_is_named(run: Run, dtype: str, name: str, hidden: int) -> None:
    """Arithmetic of fewer bits leaves its fingerprint, and is called by its name."""
    verdict = verdict_of(run, draw(Config(dtype=dtype, hidden=hidden)))
    assert not verdict.passed
    assert name in " ".join(verdict.remarks)


def test_a_bug_is_not_taken_for_precision() -> None:
    """An array that stands out is evidence of a mistake, not of a format."""
    assert not verdict_of(off_by("grad/W_h", 1.5)).remarks


def test_digits_lost_are_not_called_wrong() -> None:
    """tanh through exp loses digits at small arguments, and the remark says so."""

    def run(case: Case) -> dict[str, Any]:
        h, states = case.h_0, []
        for t in range(case.config.steps):
            power = np.exp(2 * (case.x[:, t] @ case.W_x + h @ case.W_h + case.b))
            h = (power - 1) / (power + 1)
            states.append(h)
        return {"hidden": np.stack(states, axis=1)}

    case = draw(Config(weights="small"))
    case = case.replace(x=case.x * 1e-5, h_0=case.h_0 * 1e-5, b=case.b * 1e-5)
    verdict = verdict_of(run, case)
    assert status_of(verdict, "hidden") is Status.DIFFERS
    assert "lose digits" in " ".join(verdict.remarks)


def test_flush_to_zero_is_named() -> None:
    """torch.set_flush_denormal changes NumPy in the same thread, and the verdict says so."""
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush subnormal numbers")
    try:
        verdict = verdict_of(scratch.run)
    finally:
        torch.set_flush_denormal(False)
    assert "subnormal numbers are flushed to zero" in " ".join(verdict.remarks)
