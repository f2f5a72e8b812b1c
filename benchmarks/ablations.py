"""The noise floor without one of its pieces, which shows the purpose of that piece."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np

from parity.model.branches import Branches
from parity.model.case import Array, Case
from parity.reference.base import Floor
from parity.reference.noise import floor as noise
from parity.reference.noise import jitter
from parity.reference.noise.jitter import Jittered
from parity.reference.noise.noisy import Noisy
from parity.reference.thresholds import FEW_COPIES, MANY_COPIES


class _Unshared(Jittered):
    """Every copy draws afresh for every row and step."""

    def __init__(self, dtype: str, copies: int, seed: int = 0) -> None:
        super().__init__(dtype, copies, seed)
        self.fresh, self.shared = copies, 0


class _Rootless(Noisy):
    """g(n) = 1/2: rounding errors have random signs, always."""

    __slots__ = ()

    @property
    def pending(self) -> Array:
        assert self.size is not None
        gauge: Array = 0.5 * (self.size + self.form.smallest_normal)
        return gauge


class _CleanGauge(Noisy):
    """Every copy is jittered by the gauge of the run without jitter."""

    __slots__ = ()

    @property
    def pending(self) -> Array:
        return super().pending[:1]


class _Unflushed(Noisy):
    """No operation loses a subnormal number."""

    __slots__ = ()

    @property
    def lost(self) -> Array:
        return np.zeros_like(self.value)


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """The replacements for names in `reference`, and the number of copies, at most."""

    instead: Mapping[str, Any] = field(default_factory=dict)
    copies: int = MANY_COPIES

    def floor(self, case: Case, copies: int, branches: Branches | None = None) -> Floor:
        """Return the noise floor as `reference.noise.floor` does, without the missing piece."""
        with ExitStack() as stack:
            for name, other in self.instead.items():
                for module in (jitter, noise):
                    if hasattr(module, name):
                        stack.enter_context(patch.object(module, name, other))
            return noise.noise_floor(case, min(copies, self.copies), branches)


ABLATIONS = {
    "no shared draws": Ablation(instead={"Jittered": _Unshared}),
    "no sqrt(n) in g(n)": Ablation(instead={"Noisy": _Rootless}),
    "no underflow": Ablation(instead={"Noisy": _Unflushed}),
    "the clean run's gauges": Ablation(instead={"Noisy": _CleanGauge}),
    "no pool, K = 4": Ablation(instead={"_pool": lambda spread: spread}, copies=FEW_COPIES),
    "K = 4, with the pool": Ablation(copies=FEW_COPIES),  # so the last one lacks only the pool
}
