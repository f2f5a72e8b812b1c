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
from parity.model.formats import FORMATS
from parity.reference.equations.arithmetic import first_largest
from parity.reference.noise.noisy import BLOCK, OF_EACH_TERM, ONE_ROUNDING, Noisy

FLOOR_THETA = 2.0**-42
"""The smallest jitter: the equations run in float64, whose own rounding must stay far below it."""

FAINT = 2.0**20
"""How many times underflow may be multiplied on its way, and make an array of its own size.

Such small numbers are not chaos: the equations are linear in them.
"""


class Jittered:
    """The arithmetic of `Noisy` matrices."""

    def __init__(self, dtype: str, copies: int, seed: int = 0) -> None:
        self.form = FORMATS[dtype]
        self.u, self.least = self.form.unit_roundoff, self.form.smallest_subnormal
        self.theta = max(self.u, FLOOR_THETA)
        underflow = FAINT * self.form.may_be_zero * self.theta / self.u
        self.faint = max(self.form.smallest_normal, underflow)
        self.fresh = copies // 2
        self.shared = copies - self.fresh
        self._rng = np.random.default_rng([copies, seed])  # the same verdict every time
        self._once: dict[str, Array] = {}

    def exact(self, array: Array) -> Noisy:
        value = array.astype(np.float64)[None]
        faint = (value != 0) & (np.abs(value) < self.form.may_be_zero)
        carried = OF_EACH_TERM * np.abs(value) * faint if faint.any() else None
        return Noisy(value, self.form, carried=carried)

    def rounded(self, name: str, value: Noisy) -> Noisy:
        gauge, lost = value.pending, value.lost
        jittered = value.value
        if self.fresh + self.shared:
            noise = self._xi(name, jittered)
            noise *= self.theta * gauge + (self.theta / self.u) * lost
            jittered = jittered + noise
        return Noisy(jittered, self.form, gauge=gauge, before=value.before, lost_last=lost)

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
            slope = 1 - h * h
            size = slope * a.pending + np.abs(h)
            return Noisy(h, self.form, size, ONE_ROUNDING, carried=slope * a.lost)
        h = np.maximum(a.value, 0)
        size = a.pending + h
        return Noisy(h, self.form, size, ONE_ROUNDING, before=a.value, carried=a.lost)

    def slope(self, name: str, h: Noisy, gate: Noisy | None) -> Noisy:
        if name == "tanh":
            square = h.value * h.value
            slope = 1 - square
            return Noisy(slope, self.form, square + np.abs(slope), ONE_ROUNDING)
        return Noisy((h.value[:1] > 0).astype(np.float64), self.form) if gate is None else gate

    def gate(self, is_open: Array, doubt: Array | None) -> Noisy:
        found = self.exact(is_open)
        if doubt is not None:
            found.carry(OF_EACH_TERM * doubt[None])
        return found

    def log_sum_exp(self, logits: Noisy) -> Noisy:
        value = _log_sum_exp(logits.value)
        return Noisy(value, self.form, np.abs(value) + 1, ONE_ROUNDING)

    def softmax(self, logits: Noisy) -> Noisy:
        lse = _log_sum_exp(logits.value)
        p = np.exp(logits.value - lse)
        size = p * (2 + logits.magnitude + np.abs(lse))
        return Noisy(p, self.form, size, ONE_ROUNDING)

    def divided(self, value: Noisy, count: int | Array) -> Noisy:
        if isinstance(count, int):
            return value * (1 / count)
        return value.over(np.asarray(count, np.float64)[:, None])

    def quotient(self, value: Noisy, by: Noisy) -> Noisy:
        found = value.over(by.value)
        if by.size is not None:
            assert found.size is not None  # a division rounds
            found.size = found.size + np.abs(found.value / by.value) * by.pending
            found.carry(np.abs(found.value / by.value) * by.lost)
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
        size, steepness = np.abs(result), np.abs(slope(value.value))
        if value.size is not None:
            size = size + steepness * value.pending
        return Noisy(result, self.form, size, ONE_ROUNDING, carried=steepness * value.lost)

    def row_sums(self, value: Noisy) -> Noisy:
        return self._sums(value, -1)

    def column_sums(self, value: Noisy) -> Noisy:
        return self._sums(value, -2)

    def _sums(self, value: Noisy, axis: int) -> Noisy:
        size = value.magnitude if value.size is None else value.size
        terms = value.value.shape[axis] * (1 if value.size is None else value.terms)
        found = Noisy(
            value.value.sum(axis, keepdims=True), self.form, size.sum(axis, keepdims=True), terms
        )
        if value.carried is not None:
            carried = np.broadcast_to(value.carried, value.value.shape)
            found.carry(carried.sum(axis, keepdims=True))
        for stop in range(BLOCK, value.value.shape[axis], BLOCK):
            part = np.take(value.value, range(stop), axis)
            found.reach(part.sum(axis, keepdims=True))
        return found


def _log_sum_exp(logits: Array) -> Array:
    top = logits.max(axis=-1, keepdims=True)
    total: Array = top + np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))
    return total
