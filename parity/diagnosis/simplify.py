"""Simplifying: fewer updates, layers and directions, while the subject still differs.

Each of them multiplies the time that every probe and every prediction takes.
"""

from parity.cases.draw import draw
from parity.diagnosis.inquiry import Inquiry
from parity.judging.judge import judge
from parity.model.config import Config

COSTLY = ("updates", "layers", "bidirectional")
"""The options that are removed if possible, in this order."""


def simplified(inquiry: Inquiry) -> Config:
    """Return the configuration with only the costly options that the difference needs.

    If the subject misbehaves without one of them, none is removed. One stays where the subject
    agrees, or differs only in names and shapes, without it: numbers are needed to name a mistake.
    """
    subject, simple = inquiry.subject, inquiry.config
    for name in COSTLY:
        plain = getattr(Config(), name)
        if name in subject.asks or getattr(simple, name) == plain:
            continue
        simpler = simple.replace(**{name: plain})
        dtype = subject.asks.get("dtype", "float64")
        verdict = judge(subject, draw(simpler.replace(dtype=dtype)), inquiry.reference)
        if verdict.faults:
            return inquiry.config
        if any(failure.greatest is not None for failure in verdict.failures):
            simple = simpler
    return simple
