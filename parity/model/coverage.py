"""Coverage: the lines of a subject's own files that were executed while it was judged."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The work of a function that a verdict must not leave out."""

    LOSS = "a loss"
    GRADIENTS = "gradients"
    STEP = "a step"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudged:
    """Lines of one function that were never executed while the subject was judged."""

    name: str  # train_step, Model.train_step
    file: str  # my_rnn.py, or a cell of a notebook: "my_rnn.ipynb, cell 3"
    lines: tuple[tuple[int, int], ...]  # ranges, first and last line; one for a whole function
    whole: bool = True  # False: the function was executed, but not these lines
    roles: tuple[Role, ...] = ()  # what they compute
    reason: str = ""  # why it is not asked for although it computes something

    @property
    def grave(self) -> bool:
        """Whether a verdict without it is incomplete."""
        return bool(self.roles) and not self.reason

    def __str__(self) -> str:
        """Return "train_step (lines 40-52)", or where it has run "lines 48, 50 of train_step"."""
        ranges = [f"{a}" if a == b else f"{a}-{b}" for a, b in self.lines]
        many = len(self.lines) > 1 or self.lines[0][0] != self.lines[0][1]
        where = f"line{'s' if many else ''} {', '.join(ranges)}"
        if ", cell " in self.file:
            where = f"{self.file.rpartition(', ')[2]}, {where}"
        return f"{self.name} ({where})" if self.whole else f"{where} of {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many lines a verdict covers, and the functions that it does not cover.

    Only statements inside functions count, each as a line: not those that define functions, and
    not `raise`, a print or a default.
    """

    files: tuple[str, ...]
    executed: int
    executable: int
    not_judged: tuple[NotJudged, ...] = ()

    @property
    def grave(self) -> tuple[NotJudged, ...]:
        """The functions without which a verdict is incomplete."""
        return tuple(part for part in self.not_judged if part.grave)

    @property
    def minor(self) -> tuple[NotJudged, ...]:
        """The functions and lines that are only mentioned, the weightiest first."""
        rest = [part for part in self.not_judged if not part.grave]
        return tuple(sorted(rest, key=lambda part: (not part.roles, not part.whole)))


def ranges(lines: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return sorted line numbers as ranges of consecutive ones."""
    found: list[tuple[int, int]] = []
    for line in sorted(set(lines)):
        if found and line == found[-1][1] + 1:
            found[-1] = found[-1][0], line
        else:
            found.append((line, line))
    return tuple(found)
