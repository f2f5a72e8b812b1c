"""Mistake: a named, deliberate error in the textbook equations, in words and in code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from parity.model.case import Case
from parity.model.config import Config
from parity.model.trace import Trace

Wrong = Callable[..., Any]
"""A function in a stage's place. It gets the right stage, the textbook and the stage's own
arguments."""

Guess = Callable[[Case, Trace, Trace], Sequence[float]]
"""A function from a case, a subject's trace and the right one to possible values of a number."""


def always(_: Config) -> bool:
    """Every configuration can show a mistake that asks for no option."""
    return True


@dataclass(frozen=True, kw_only=True, eq=False)
class Mistake:
    """One entry of the catalogue: its description for a user, and the stages that it replaces.

    `slug` names it and never changes; `says` is prose, and no code depends on it. A mistake with a
    number has `{value}` in its prose, and `plant` is a function of the number.
    """

    slug: str  # its name for programs: standard terms in kebab-case
    says: str  # one sentence
    look_for: str  # what to look for in the code
    part: str  # of the computation: input, initial state, forward, head, loss, backward ...
    plant: Mapping[str, Wrong] | Callable[[Any], Mapping[str, Wrong]]
    applies: Callable[[Config], bool] = always  # whether a configuration can show it at all
    seen: int = 0  # public implementations found to make it
    values: tuple[float, ...] = ()  # of the number, where there is one
    guess: Guess | None = None  # further values, from the subject's arrays
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
        """The functions that replace stages, by the stages' names."""
        return self.plant(self.value) if callable(self.plant) else self.plant

    def having(self, values: Sequence[float]) -> tuple[Self, ...]:
        """Return one mistake for each value; values that differ by rounding alone are one."""
        different = {f"{value:.9g}": float(value) for value in reversed(values)}
        return tuple(replace(self, value=value) for value in reversed(different.values()))
