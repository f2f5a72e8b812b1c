"""The noise floor: how far any correct implementation's rounding moves each entry.

The textbook equations run in a few jittered copies at once. Their distance from the clean copy is
the effect of rounding on each entry.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from parity.model.branches import Branches
from parity.model.case import Array, Case
from parity.model.config import Config
from parity.model.names import ArrayName
from parity.model.trace import outputs
from parity.reference.base import Floor
from parity.reference.equations.arithmetic import flat
from parity.reference.equations.textbook import Textbook
from parity.reference.noise.jitter import Jittered
from parity.reference.thresholds import FEW_COPIES, LIMIT, PARTED

AT_ONCE = 2**24
"""Entries of hidden states in all copies that are computed at once: a few GiB at most."""


NoiseFloor = Callable[[Case, int, Branches | None], Floor]
"""A function from a case, a number of jittered copies and a run's branches to its noise floor."""


def noise_floor(
    case: Case,
    copies: int,
    branches: Branches | None = None,
    textbook: type[Textbook[Any]] = Textbook,
) -> Floor:
    """Return the noise floor of every compared array of `case`, from `copies` jittered runs.

    Without copies only the gauge of each array's last operation is known. `branches` fix where
    relu's derivative is 1, and where a maximum comes from. `textbook` may have mistakes.

        s = per-entry rms over the copies of |jittered - clean| / theta
        pool = sqrt(row sums of s^2 * column sums of s^2 / sum of s^2)
        sigma = u * hypot(gauge, max(s, pool)) + lost + smallest subnormal

    `lost` is what the array's last operation may have lost by underflow.
    """
    config = case.config
    entries = config.batch * config.steps * config.width * config.layers * config.updates
    at_once = copies if copies * entries <= AT_ONCE else FEW_COPIES
    spreads = []
    for seed in range(copies // at_once if at_once else 1):
        do = Jittered(config.dtype, at_once, seed)
        with np.errstate(all="ignore"):  # an overflow makes sigma infinite, and the verdict says so
            result = textbook(do).run(case, branches)
            noisy = {
                name: value
                for name, value in result.items()
                if not (config.plain_step and ArrayName.parse(name).is_step)
            }
            spreads.append({name: _Spread.of(do, name, value) for name, value in noisy.items()})
    return _floor(do, config, spreads) if copies else _gauges(do, spreads[0])


def training_floor(cases: Iterable[Case], copies: int) -> Iterator[Floor]:
    """Yield the floor of the loss and of every stepped parameter along a training run.

    Each copy goes on with its own jittered weights, so that sigma contains the growth of an early
    step's rounding. The first case gives the weights, every case its sequences.
    """
    do = weights = None
    for case in cases:
        do = do or Jittered(case.config.dtype, copies)
        textbook = Textbook(do)
        with np.errstate(all="ignore"):
            result = textbook.stepped(textbook.given(case, weights=weights))
            stepped = (name for name in result if ArrayName.parse(name).is_first_step)
            steps = {name: do.rounded(name, result[name]) for name in stepped}
            weights = {ArrayName.parse(name).parameter: value for name, value in steps.items()}
            found = {"loss": result["loss"], **steps}
            spreads = {name: _Spread.of(do, name, v) for name, v in found.items()}
            yield _floor(do, case.config, [spreads])


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far the copies of one array lie from the clean one, in units of theta."""

    clean: Array
    gauge: Array
    lost: Array  # by underflow, in the last operation
    before: Array  # clean as well: relu's input, or the array itself
    kinked: bool  # which of the two
    rms: Array

    @classmethod
    def of(cls, do: Jittered, name: str, value: Any) -> Self:
        by_time = isinstance(value, list)
        matrices = value if by_time else [value]

        def laid_out(arrays: list[Array]) -> Array:
            return _by_time(arrays) if by_time else flat(name, arrays[0])

        values = laid_out([m.value for m in matrices])
        gauge = laid_out([m.pending if m.gauge is None else m.gauge for m in matrices])
        lost = laid_out([m.lost if m.lost_last is None else m.lost_last for m in matrices])
        before = values
        if kinked := matrices[0].before is not None:
            before = laid_out([m.value if m.before is None else m.before for m in matrices])
        return cls(values[0], gauge[0], lost[0], before[0], kinked, _rms(before, do.theta))


def _gauges(do: Jittered, run: Mapping[str, _Spread]) -> Floor:
    """Return the floor that is known without any jittered copy."""
    gauges = {name: np.where(np.isfinite(s.gauge), s.gauge, 0.0) for name, s in run.items()}
    return Floor(
        clean={name: s.clean for name, s in run.items()},
        gauge=gauges,  # an infinite one proves nothing
        sigma={name: do.u * gauges[name] + s.lost + do.least for name, s in run.items()},
        most={},
        near_kink=False,
    )


def _floor(do: Jittered, config: Config, runs: Sequence[Mapping[str, _Spread]]) -> Floor:
    """Return the floor from a few runs of a few copies each."""
    gauges, sigmas, most, near_kink = {}, {}, {}, False
    parted = np.zeros((1, 1), bool)  # the steps in which the copies have separated
    for name, first in runs[0].items():
        spread = _together([run[name].rms for run in runs])
        spread = np.maximum(spread, _pool(spread))
        largest = np.max(np.abs(first.before))
        far = do.theta * spread > max(PARTED * largest, do.faint)  # zero is not chaos
        if name in outputs(config):
            parted = parted | _behind(far, config)
            spread = np.where(parted, np.inf, spread)
        elif parted.any() or far.any():
            spread = np.full_like(spread, np.inf)
        tame = do.theta * np.max(spread) < PARTED * largest / LIMIT
        bound = PARTED * largest / do.theta if tame else np.inf
        most[name] = float(do.u * np.hypot(np.max(first.gauge), bound) + np.max(first.lost))
        sigma = do.u * np.hypot(first.gauge, spread) + first.lost + do.least
        if first.kinked:
            near_kink = near_kink or bool((np.abs(first.before) <= LIMIT * sigma).any())
        gauges[name] = np.where(np.isfinite(first.gauge), first.gauge, 0.0)  # proves nothing
        sigmas[name] = np.where(np.isfinite(sigma), sigma, np.inf)  # decides nothing
    clean = {name: first.clean for name, first in runs[0].items()}
    return Floor(clean=clean, gauge=gauges, sigma=sigmas, most=most, near_kink=near_kink)


def _together(spreads: Sequence[Array]) -> Array:
    """Return the rms of several, without overflow."""
    total: Array = np.hypot.reduce(spreads) / np.sqrt(len(spreads))
    return spreads[0] if len(spreads) == 1 else total


def _behind(far: Array, config: Config) -> Array:
    """Return the steps, (steps, 1), behind a step in which the copies have separated.

    Everything behind such states is as uncertain, even if its copies are near each other.
    """
    steps: Array = np.any(far, axis=(0, 2), keepdims=True)[0]  # (steps, 1)
    behind: Array = np.logical_or.accumulate(steps)
    return np.full_like(behind, behind.any()) if config.bidirectional else behind


def _by_time(matrices: list[Array]) -> Array:
    """Return (copies, batch, steps, ...) from matrices by step."""
    # a step's gauge may have one copy, as in the first step, which comes from the exact h_0
    return np.stack(np.broadcast_arrays(*matrices), axis=2)


def _rms(values: Array, theta: float) -> Array:
    """Return the rms over the copies of |jittered - clean| / theta, scaled before it is squared."""
    if len(values) == 1:
        return np.zeros(values.shape[1:])
    moved = np.abs(values[1:] - values[0]) / theta
    largest = moved.max(axis=0)
    shares = np.divide(moved, largest, out=np.zeros_like(moved), where=largest > 0)
    spread: Array = largest * np.sqrt((shares**2).mean(axis=0))
    return spread


def _pool(spread: Array) -> Array:
    """Return the rank-one estimate of `spread` from its rows and columns."""
    largest = spread.max(initial=0.0)
    if not largest > 0 or spread.ndim < 2:
        return spread
    squares = ((spread / largest) ** 2).reshape(-1, spread.shape[-1])
    rows, columns = squares.sum(axis=1), squares.sum(axis=0)
    pool: Array = largest * np.sqrt(rows[:, None] * columns / squares.sum())
    return pool.reshape(spread.shape)
