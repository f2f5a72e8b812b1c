"""Verdict: all comparisons of one case, and whether they make a pass."""

from dataclasses import dataclass, replace
from typing import Self

from parity.comparison import Comparison, Status
from parity.config import Config
from parity.observation import Finding
from parity.trace import chapter

COMPARED = (Status.AGREES, Status.DIFFERS)
"""The statuses that rest on values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What comparing one case came to. Has no truth value: ask `.passed`."""

    config: Config
    subject: str
    reference: str
    comparisons: tuple[Comparison, ...]  # in computation order
    findings: tuple[Finding, ...]

    def __bool__(self) -> bool:
        raise TypeError("a Verdict has no truth value: ask .passed")

    @property
    def compared(self) -> tuple[Comparison, ...]:
        """The comparisons that were decided by values."""
        return tuple(c for c in self.comparisons if c.status in COMPARED)

    @property
    def failures(self) -> tuple[Comparison, ...]:
        """Every comparison that is not an agreement, the first in computation order on top."""
        harmless = (Status.AGREES, Status.LEFT_OUT)
        return tuple(c for c in self.comparisons if c.status not in harmless)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names that the reference has and the subject did not offer: not checked."""
        return tuple(c.name for c in self.comparisons if c.status is Status.LEFT_OUT)

    @property
    def passed(self) -> bool:
        """True when something was compared, all of it agrees and the subject behaved."""
        return bool(self.compared) and not self.failures and not self.findings

    @property
    def comparable(self) -> bool:
        """False when the subject misbehaved or something it answered could not be compared."""
        undecided = any(c.status not in COMPARED for c in self.failures)
        return bool(self.compared) and not undecided and not self.findings

    def only(self, part: str) -> Self:
        """Return the verdict of one chapter: forward, gradients or step."""
        return replace(
            self, comparisons=tuple(c for c in self.comparisons if chapter(c.name) == part)
        )

