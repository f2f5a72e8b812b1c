"""Correct implementations that treat numbers below the smallest normal one in their own way.

A processor can turn such a result into zero, or such an operand, and a library may set it so on
threads of its own. Other code computes one format up and rounds at the end.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from parity.model.case import Array, Case
from parity.subjects.subject import Run
from tests.support.variants import VARIANTS, Reciprocal, Sequential, by

WIDER = {"float32": np.float64, "float64": np.longdouble}
"""The format one up."""


class Flushing(np.ndarray):
    """An array whose operations turn every result below the smallest normal number into zero."""

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        plain = [self._read(np.asarray(operand)) for operand in inputs]
        if ufunc is np.matmul:
            result = _product(*plain)
        else:
            result = _flushed(getattr(ufunc, method)(*plain, **options))
        if out is None:
            return np.asarray(result).view(type(self))
        np.asarray(out[0])[...] = result
        return out[0]

    def _read(self, operand: Array) -> Array:
        """Return an operand as the operation reads it."""
        return operand


class FlushingOperands(Flushing):
    """The same for operands, too."""

    def _read(self, operand: Array) -> Array:
        return _flushed(operand)


def _flushed(result: Any) -> Array:
    array = np.asarray(result)
    if array.dtype.kind != "f":
        return array
    return np.where(np.abs(array) < np.finfo(array.dtype).tiny, array.dtype.type(0), array)


def _product(a: Array, b: Array) -> Array:
    """Return a b. Each product, and each partial sum, is flushed."""
    total = np.zeros((len(a), b.shape[1]), a.dtype)
    for column, row in zip(a.T, b, strict=True):
        total = _flushed(total + _flushed(column[:, None] * row))
    return total


def with_arrays(run: Run, kind: type[Flushing]) -> Run:
    """Return a run whose case has arrays of this kind."""

    def own(case: Case) -> dict[str, Any]:
        answer = run(_seen(case, lambda array: array.view(kind)))  # type: ignore[arg-type]
        return {name: np.asarray(array) for name, array in answer.items()}

    return own


def wider(run: Run) -> Run:
    """Return a run that computes one format up, and rounds its answers at the end."""

    def own(case: Case) -> dict[str, Any]:
        answer = run(_seen(case, lambda a: a.astype(WIDER[case.config.dtype])))  # type: ignore[arg-type]
        return {name: np.asarray(array).astype(case.x.dtype) for name, array in answer.items()}

    return own


def flushed(run: Run) -> Run:
    """Return a run on a processor that turns subnormal operands and results into zero."""

    def own(case: Case) -> dict[str, Any]:
        torch.set_flush_denormal(True)  # NumPy in the same thread follows it, too
        try:
            return dict(run(case))
        finally:
            torch.set_flush_denormal(False)

    return own


def _seen(case: Case, change: Any) -> SimpleNamespace:
    """Return the case's arrays of real numbers, changed."""
    real = case.x.dtype
    arrays = {n: change(a) if a.dtype == real else a for n, a in case.arrays.items()}
    parameters = {name: arrays[name] for name in case.parameters}
    return SimpleNamespace(config=case.config, lr=case.lr, parameters=parameters, **arrays)


FLUSHING: dict[str, Run] = {
    **{f"{name}, flushed": flushed(run) for name, run in VARIANTS.items()},
    "flushing results": with_arrays(by(Sequential()), Flushing),
    "flushing operands": with_arrays(by(Sequential(-1)), FlushingOperands),
    "one format up": wider(VARIANTS["per step"]),
    "softmax by quotients": by(Reciprocal()),
    "softmax by quotients, flushed": flushed(by(Reciprocal())),
}
