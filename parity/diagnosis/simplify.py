"""Lightening: fewer updates, layers and directions, as far as a subject still differs.

Each of them multiplies the time that every probe and every prediction takes.
"""

from parity.cases.draw import draw
from parity.judging.judge import judge
from parity.model.config import Config
from parity.reference.base import Reference
from parity.subjects.subject import Subject

COSTLY = ("updates", "layers", "bidirectional")
"""The options, in the order in which it is tried to do without them."""


def lightened(subject: Subject, config: Config, reference: Reference) -> Config:
    """Return the configuration with as few of the costly options as the difference needs.

    A subject that misbehaves in one of them is asked about all, and so is one whose differences
    are of names and shapes alone: numbers are what a mistake is known by.
    """
    light = config
    for name in COSTLY:
        plain = getattr(Config(), name)
        if name in subject.asks or getattr(light, name) == plain:
            continue
        lighter = light.replace(**{name: plain})
        dtype = subject.asks.get("dtype", "float64")
        verdict = judge(subject, draw(lighter.replace(dtype=dtype)), reference)
        if verdict.faults:
            return config
        if any(failure.greatest is not None for failure in verdict.failures):
            light = lighter
    return light
