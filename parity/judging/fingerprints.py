"""Fingerprints: patterns of all differences that reveal the arithmetic behind them."""

from collections.abc import Sequence

import numpy as np

from parity.model.comparison import Comparison, Status
from parity.model.config import Config
from parity.model.formats import FORMATS, UNIT_ROUNDOFF
from parity.reference.thresholds import LIMIT

FINGERPRINTS = {
    "float64": {"float32 arithmetic inside float64": (27.0, 30.5)},
    "float32": {
        "11-bit arithmetic (TF32 or float16) inside float32": (9.0, 12.3),
        "8-bit arithmetic (bfloat16) inside float32": (12.3, 17.0),
    },
}
"""The range of log2 of the largest z of the hidden states that a lower precision makes.

A format of p bits makes 2^(24-p) or 2^(53-p) times the roundings of float32 or float64, and a
little less where only the operands of products have it. Measured over layers of 3 to 64 units.
"""

EVEN = 4.0
"""Powers of two between arrays, and between entries, at a lower precision; more is a mistake."""


def fingerprints(
    comparisons: Sequence[Comparison], config: Config, *, flushes: bool
) -> tuple[str, ...]:
    """Return a line for each pattern that is recognised among the comparisons of one case."""
    lines = []
    if flushes:
        lines.append(
            "subnormal numbers are flushed to zero in this process "
            "(torch.set_flush_denormal, or a library built with fast-math)"
        )
    differ = [c for c in comparisons if c.typical is not None and _shows_a_format(c, config.dtype)]
    hidden = next((c for c in differ if c.name == "hidden"), None)
    if (found := _precision(differ, hidden, config.dtype)) is not None:
        lines.append(found)
    if config.activation == "tanh" and (found := _lost_digits(hidden, config.dtype)) is not None:
        lines.append(found)
    return tuple(lines)


def _shows_a_format(found: Comparison, dtype: str) -> bool:
    """Return whether an array differs, and rounding decides its noise rather than underflow.

    A difference as small as the smallest normal number shows no format.
    """
    form, greatest = FORMATS[dtype], found.greatest
    if found.status is not Status.DIFFERS or greatest is None:
        return False
    largest = max(abs(greatest.subject), abs(greatest.reference))
    return min(greatest.difference, form.unit_roundoff * largest) > form.may_be_zero


def _precision(differ: Sequence[Comparison], hidden: Comparison | None, dtype: str) -> str | None:
    """Recognise a lower precision: everything is off by the number of roundings that it makes."""
    levels = {c.name: _log2(c.greatest.used * LIMIT) for c in differ if c.greatest is not None}
    if hidden is None or not hidden.typical:
        return None
    level = levels["hidden"]
    if max(levels.values()) > level + EVEN or _log2(hidden.typical) < level - EVEN:
        return None
    for name, (least, most) in FINGERPRINTS.get(dtype, {}).items():
        if least <= level <= most:
            return f"the hidden states are off by up to 2^{level:.0f} roundings, as by {name}"
    return None


def _log2(z: float) -> float:
    return float(np.log2(z)) if z > 0 else 0.0


def _lost_digits(hidden: Comparison | None, dtype: str) -> str | None:
    """Recognise states that are right to a few u of 1, though not to a few u of themselves."""
    if hidden is None or hidden.greatest is None:
        return None
    roundings = hidden.greatest.difference / UNIT_ROUNDOFF[dtype]
    if roundings > LIMIT:
        return None
    return (
        f"the hidden states lose digits rather than being something else: they are right to "
        f"{roundings:.0f} u, but not to as many of themselves, as when tanh goes through exp or "
        "a sigmoid at small arguments"
    )
