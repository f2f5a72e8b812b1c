"""Simplifying: fewer updates, layers and directions, as far as a subject still differs.

Each of them multiplies the time that every probe and every prediction takes.
"""

from parity.cases.draw import draw
from parity.diagnosis.inquiry import Inquiry
from parity.judging.judge import judge
from parity.model.config import Config

COSTLY = ("updates", "layers", "bidirectional")
"""The options, in the order in which it is tried to do without them."""


def simplified(inquiry: Inquiry) -> Config:
    """Return the configuration with as few of the costly options as the difference needs.

    A subject that misbehaves in one of them is asked about all, and so is one whose differences
    are of names and shapes alone: numbers are what a mistake is known by.
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
