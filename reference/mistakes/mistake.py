"""Mistake: a named, deliberate error in the textbook equations, and what to say of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from parity.model.case import Case
from parity.model.config import Config
from parity.model.trace import Trace

Wrong = Callable[..., Any]
"""What takes a stage's place: called with the right stage, the textbook and the stage's own
arguments."""

Guess = Callable[[Case, Trace, Trace], Sequence[float]]
"""From a case, a subject's trace and the right one, the values that a parameter may have."""


def always(_: Config) -> bool:
    """Whether a mistake can be made that asks for no option: yes"""
    return True


@dataclass(frozen=True, kw_only=True, eq=False)
class Mistake:
    """One entry of the catalogue: what is planted where, and what a user reads.

    `slug` names it and never changes; `says` is prose, on which nothing depends. A mistake with a
    number says `{value}` where the number stands, and `plant` is a function of the number.
    """

    slug: str  # its name for programs: standard terms in kebab-case
    says: str  # one sentence
    look_for: str  # what to look for in the code
    part: str  # of the computation: input, initial state, forward, head, loss, backward ...
    plant: Mapping[str, Wrong] | Callable[[Any], Mapping[str, Wrong]]
    applies: Callable[[Config], bool] = always  # whether a configuration can show it at all
    seen: int = 0  # public implementations found to make it
    values: tuple[float, ...] = ()  # of the number, where there is one
    guess: Guess | None = None  # further values, from what the subject computed
    value: float | None = None

    def __str__(self) -> str:
        """Return the sentence."""
        return self.says if self.value is None else self.says.replace("{value}", f"{self.value:g}")

    @property
    def name(self) -> str:
        """The slug, and the number behind it: `bptt-truncated=4`."""
        return self.slug if self.value is None else f"{self.slug}={self.value:g}"

    @property
    def stages(self) -> Mapping[str, Wrong]:
        """What it puts in the place of which stages."""
        return self.plant(self.value) if callable(self.plant) else self.plant

    def having(self, values: Sequence[float]) -> tuple[Self, ...]:
        """Return one mistake for each value of the number, whatever rounding made of it."""
        different = {f"{value:.9g}": float(value) for value in reversed(values)}
        return tuple(replace(self, value=value) for value in reversed(different.values()))
