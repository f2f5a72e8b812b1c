"""The jittered arithmetic: float64 in several copies, each operation off by its own rounding.

Monte-Carlo arithmetic (Parker 1997; Verificarlo): the result of each operation becomes

    v + theta * gauge * xi,    xi standard normal.

The gauge is that of the expression so far (`noisy.py`), from each copy's own values. Half
of the copies draw xi afresh for every entry. The others draw it once for all rows and steps, since
identical rows round identically and their errors add up instead of cancelling. Half of these draw
it once for all units as well, and give it the sign of the value: equal terms are always rounded
towards zero, or always away from it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from parity.model.case import Array
from parity.model.formats import UNIT_ROUNDOFF, smallest_normal, smallest_subnormal
from parity.reference.equations.arithmetic import first_largest
from parity.reference.noise.noisy import BLOCK, ONE_ROUNDING, Noisy

FLOOR_THETA = 2.0**-42
"""The smallest jitter: the equations run in float64, whose own rounding must stay far below it."""


class Jittered:
    """The arithmetic of `Noisy` matrices."""

    def __init__(self, dtype: str, copies: int, seed: int = 0) -> None:
        self.u, self.least = UNIT_ROUNDOFF[dtype], smallest_subnormal(dtype)
        self.theta = max(self.u, FLOOR_THETA)
        self.tiny = smallest_normal(dtype)
        self.fresh = copies // 2
        self.shared = copies - self.fresh
        self._rng = np.random.default_rng([copies, seed])  # the same verdict every time
        self._once: dict[str, Array] = {}

    def exact(self, array: Array) -> Noisy:
        return Noisy(array.astype(np.float64)[None], self.tiny)

    def rounded(self, name: str, value: Noisy) -> Noisy:
        gauge = value.pending
        jittered = value.value
        if self.fresh + self.shared:
            jittered = jittered + self.theta * gauge * self._xi(name, jittered)
        return Noisy(jittered, self.tiny, gauge=gauge, before=value.before)

    def _xi(self, name: str, value: Array) -> Array:
        rows, columns = value.shape[-2:]
        alike = self.shared // 2  # of the shared draws: those from here on, for all units
        if name not in self._once:
            once = self._rng.standard_normal((self.shared, 1, columns))
            once[alike:] = once[alike:, :, :1]
            self._once[name] = once
        xi = np.zeros((1 + self.fresh + self.shared, rows, columns))
        self._rng.standard_normal(out=xi[1 : 1 + self.fresh])
        shared = xi[1 + self.fresh :]
        shared[:] = self._once[name]
        shared[alike:] *= np.sign(np.broadcast_to(value, xi.shape)[1 + self.fresh + alike :])
        return xi

    def activation(self, name: str, a: Noisy) -> Noisy:
        if name == "tanh":
            h = np.tanh(a.value)
            return Noisy(h, self.tiny, (1 - h * h) * a.pending + np.abs(h), ONE_ROUNDING)
        h = np.maximum(a.value, 0)
        return Noisy(h, self.tiny, a.pending + h, ONE_ROUNDING, before=a.value)

    def slope(self, name: str, h: Noisy, gate: Noisy | None) -> Noisy:
        if name == "tanh":
            square = h.value * h.value
            slope = 1 - square
            return Noisy(slope, self.tiny, square + np.abs(slope), ONE_ROUNDING)
        return Noisy((h.value[:1] > 0).astype(np.float64), self.tiny) if gate is None else gate

    def log_sum_exp(self, logits: Noisy) -> Noisy:
        value = _log_sum_exp(logits.value)
        return Noisy(value, self.tiny, np.abs(value) + 1, ONE_ROUNDING)

    def softmax(self, logits: Noisy) -> Noisy:
        lse = _log_sum_exp(logits.value)
        p = np.exp(logits.value - lse)
        size = p * (2 + logits.magnitude + np.abs(lse))
        return Noisy(p, self.tiny, size, ONE_ROUNDING)

    def divided(self, value: Noisy, count: int | Array) -> Noisy:
        if isinstance(count, int):
            return value * (1 / count)
        return value.over(np.asarray(count, np.float64)[:, None])

    def quotient(self, value: Noisy, by: Noisy) -> Noisy:
        found = value.over(by.value)
        if by.size is not None:
            assert found.size is not None  # a division rounds
            found.size = found.size + np.abs(found.value / by.value) * by.pending
        return found

    def selected(self, where: Array, own: Noisy, otherwise: Noisy | None) -> Noisy:
        return own.where(where, otherwise)

    def joined(self, parts: Sequence[Noisy]) -> Noisy:
        def side_by_side(arrays: list[Array]) -> Array:
            copies = np.broadcast_shapes(*(array.shape[:1] for array in arrays))
            return np.concatenate(
                [np.broadcast_to(array, copies + array.shape[1:]) for array in arrays], axis=-1
            )

        return parts[0] if len(parts) == 1 else parts[0].with_others(parts[1:], side_by_side)

    def columns(self, value: Noisy, start: int, stop: int) -> Noisy:
        return value.with_others((), lambda arrays: arrays[0][..., start:stop])

    def chosen(self, values: Sequence[Noisy], places: Array) -> Noisy:
        def taken(arrays: list[Array]) -> Array:
            stacked = np.stack(np.broadcast_arrays(*arrays))
            own: Array = np.take_along_axis(stacked, places[None, None], axis=0)[0]
            return own

        return values[0].with_others(values[1:], taken)

    def winners(self, values: Sequence[Noisy], valid: Sequence[Array | None]) -> Array:
        return first_largest([value.value[0] for value in values], valid)

    def mapped(
        self, function: Callable[[Any], Any], slope: Callable[[Any], Any], value: Noisy
    ) -> Noisy:
        """Return function(value), elementwise; `slope` carries the noise that is pending."""
        result = function(value.value)
        size = np.abs(result)
        if value.size is not None:
            size = size + np.abs(slope(value.value)) * value.pending
        return Noisy(result, self.tiny, size, ONE_ROUNDING)

    def row_sums(self, value: Noisy) -> Noisy:
        return self._sums(value, -1)

    def column_sums(self, value: Noisy) -> Noisy:
        return self._sums(value, -2)

    def _sums(self, value: Noisy, axis: int) -> Noisy:
        size = value.magnitude if value.size is None else value.size
        terms = value.value.shape[axis] * (1 if value.size is None else value.terms)
        found = Noisy(
            value.value.sum(axis, keepdims=True), self.tiny, size.sum(axis, keepdims=True), terms
        )
        for stop in range(BLOCK, value.value.shape[axis], BLOCK):
            part = np.take(value.value, range(stop), axis)
            found.reach(part.sum(axis, keepdims=True))
        return found


def _log_sum_exp(logits: Array) -> Array:
    top = logits.max(axis=-1, keepdims=True)
    total: Array = top + np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))
    return total
