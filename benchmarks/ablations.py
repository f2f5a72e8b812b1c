"""The noise floor with one piece left out: correct code differs without it, so the piece stays."""

from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np

from parity.case import Array, Case
from parity.yardstick import FEW_COPIES, MANY_COPIES, Floor, Yardstick
from reference import noise, pytorch
from reference.noise import Jittered, Noisy


def remembering(yardstick: Yardstick) -> Yardstick:
    """Return `yardstick` with each floor of its one case estimated once, for all subjects."""
    known: dict[tuple[int, bytes], Floor] = {}

    def floor(case: Case, copies: int, gates: Array | None = None) -> Floor:
        key = copies, b"" if gates is None else gates.tobytes()
        if key not in known:
            known[key] = yardstick.floor(case, copies, gates)
        return known[key]

    return replace(yardstick, floor=floor)


def _with(owner: Any, attribute: str, other: Any, *, most: int = MANY_COPIES) -> Yardstick:
    """Return PyTorch's yardstick with one attribute of the noise replaced, of `most` copies."""

    def floor(case: Case, copies: int, gates: Array | None = None) -> Floor:
        with mock.patch.object(owner, attribute, other):
            return noise.floor(case, min(copies, most), gates)

    return replace(pytorch, floor=floor)


def _all_fresh(self: Jittered, _: str, shape: tuple[int, ...]) -> Array:
    """Every entry of every copy has a draw of its own."""
    xi = np.zeros((1 + self.fresh + self.shared, *shape[-2:]))
    self._rng.standard_normal(out=xi[1:])
    return xi


def _one_rounding(self: Noisy) -> Array:
    """g(n) = 1, that of a single operation, however many terms are summed."""
    assert self.size is not None
    gauge: Array = self.size + self.tiny
    return gauge


def _of_clean_run(self: Jittered, name: str, value: Noisy) -> Noisy:
    """Each copy is jittered by the gauge that the first, clean one has."""
    gauge = value.pending[:1]
    jittered = value.value + self.theta * gauge * self._xi(name, value.value.shape)
    return Noisy(jittered, self.tiny, gauge=gauge, before=value.before)


def _unpooled(spread: Array) -> Array:
    """Each entry's spread is what its own few copies say."""
    return spread


ABLATIONS: dict[str, Yardstick] = {
    "no shared draws": _with(Jittered, "_xi", _all_fresh),
    "no sqrt(n) in g(n)": _with(Noisy, "pending", property(_one_rounding)),
    "gauges of the clean run": _with(Jittered, "rounded", _of_clean_run),
    "no pool, 4 copies": _with(noise, "_pool", _unpooled, most=FEW_COPIES),
    "4 copies": _with(noise, "_pool", noise._pool, most=FEW_COPIES),  # what the pool does for them
}
"""The yardsticks by what they lack; the last one lacks the careful estimate only."""
