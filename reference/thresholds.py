"""The numbers that decide every verdict, each with its reason."""

import numpy as np

from parity.model.case import Array, Case
from parity.model.formats import FORMATS

LIMIT = 32
"""z = |difference| / sigma that no correct code has reached in tests: see `make calibrate`."""

SUSPICIOUS = 8
"""z above which sigma is estimated again, from more copies."""

FEW_COPIES, MANY_COPIES = 4, 64
"""Jittered runs for a first and for a careful estimate of sigma."""

PROVEN = 8
"""A difference within 8 u * gauge is agreement without a jittered run, since sigma >= u * gauge."""

USELESS = 1e-2
"""A resolution, as a share of the largest entry, above which agreement would mean nothing."""

SAME_DISTANCE = 2.0
"""How many times farther from the exact value than the other side a side is, to be called wrong."""

PARTED = 0.1
"""Deviation of the copies, as a share of the largest entry, above which it is not linear in theta.

There the copies of a chaotic network have separated: sigma is infinite, and neither agreement nor
a difference means anything.
"""


def step_rounding(case: Case, weight: Array, gradient: Array) -> Array:
    """Return how far two correct evaluations of weight - lr * gradient may lie apart.

    Rounding lr, the product and the difference moves each by at most u |w'| + 2 u |lr g|, fused
    or not; hence twice that. Either may also lose w, g, the product or the difference to zero,
    where it is below the smallest normal number: twice (3 + lr) of that.
    """
    form = FORMATS[case.config.dtype]
    u = form.unit_roundoff
    moved = case.lr * gradient.astype(np.float64)
    rounding: Array = 2 * u * (np.abs(weight - moved) + 2 * np.abs(moved))
    lost = 2 * (3 + case.lr) * form.may_be_zero
    return rounding + max(form.smallest_normal, lost)
