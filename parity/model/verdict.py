"""Verdict: all comparisons of one case, and whether they make a pass."""

from dataclasses import dataclass, replace
from typing import Self

from parity.model.comparison import Comparison, Status
from parity.model.config import Config
from parity.model.coverage import Coverage
from parity.model.finding import Finding, Misbehaviour
from parity.model.names import ArrayName

DECIDED = (Status.AGREES, Status.DIFFERS)
"""The statuses that are decided by values."""

UNDECIDED = (Status.INCONCLUSIVE, Status.UNDEFINED)
"""The statuses that are not the subject's fault, and not a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of comparing one case. Has no truth value: ask `.passed`."""

    config: Config
    subject: str
    reference: str
    comparisons: tuple[Comparison, ...]  # in computation order
    findings: tuple[Finding, ...]  # faults, and notes that fail nothing
    remarks: tuple[str, ...] = ()  # what the differences have in common
    coverage: Coverage | None = None  # None: its lines were not watched
    kept: str = ""  # the folder of the case, if it came from a folder

    def __bool__(self) -> bool:
        raise TypeError("a Verdict has no truth value: ask .passed")

    @property
    def compared(self) -> tuple[Comparison, ...]:
        """The comparisons that were decided by values."""
        return self._with(*DECIDED)

    @property
    def undecided(self) -> tuple[Comparison, ...]:
        """The comparisons in which rounding, or an overflow on both sides, hides any answer."""
        return self._with(*UNDECIDED)

    @property
    def failures(self) -> tuple[Comparison, ...]:
        """Every comparison that went wrong, the first in computation order on top."""
        harmless = (Status.AGREES, Status.INCOMPLETE, Status.NOT_CERTAIN, *UNDECIDED)
        return tuple(c for c in self.comparisons if c.status not in harmless)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names that the reference has and the subject did not offer; they are not checked."""
        return tuple(c.name for c in self._with(Status.INCOMPLETE))

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that fail the verdict."""
        return tuple(finding for finding in self.findings if finding.grave)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The findings that are reported and do not fail the verdict."""
        return tuple(finding for finding in self.findings if not finding.grave)

    @property
    def not_understood(self) -> bool:
        """Whether nobody knows how the subject is asked: it is neither right nor wrong."""
        return any(finding.kind is Misbehaviour.NOT_UNDERSTOOD for finding in self.findings)

    @property
    def passed(self) -> bool:
        """True when something was compared, all of it agrees and the subject behaved."""
        wrong = self.failures or self.undecided or self.faults
        return bool(self.compared) and not wrong

    @property
    def only_undecided(self) -> bool:
        """True when noise or an overflow hides the answer, and nothing else is wrong.

        An undecided comparison in which an entry exceeds its allowance is wrong.
        """
        over = any(c.greatest is not None and c.greatest.wrong for c in self.undecided)
        return bool(self.undecided) and not (over or self.failures or self.faults)

    @property
    def comparable(self) -> bool:
        """False when the subject misbehaved, or an array that it answered could not be compared."""
        structural = any(c.status is not Status.DIFFERS for c in self.failures)
        return bool(self.compared) and not (structural or self.undecided or self.faults)

    def _with(self, *statuses: Status) -> tuple[Comparison, ...]:
        return tuple(c for c in self.comparisons if c.status in statuses)

    def only(self, part: str) -> Self:
        """Return the verdict of one chapter: forward, gradients, step or behaviour."""
        own = (c for c in self.comparisons if ArrayName.parse(c.name).chapter == part)
        return replace(self, comparisons=tuple(own))
