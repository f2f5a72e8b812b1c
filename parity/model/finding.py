"""Finding: a named misbehaviour of a subject, apart from its numbers."""

from dataclasses import dataclass
from enum import StrEnum


class Misbehaviour(StrEnum):
    """How a subject can misbehave, apart from its numbers: faults first, then notes."""

    RAISED = "RAISED"
    TIMEOUT = "TIMEOUT"
    CRASHED = "CRASHED"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    MUTATED_INPUT = "MUTATED_INPUT"
    STATEFUL = "STATEFUL"
    NONDETERMINISTIC = "NONDETERMINISTIC"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"  # nobody knows whether it was asked as it wants to be
    INCOMPLETE = "INCOMPLETE"  # the answer is not a mapping of names to arrays of numbers
    CHANGED_ERROR_STATE = "CHANGED_ERROR_STATE"
    CHANGED_RANDOM_STATE = "CHANGED_RANDOM_STATE"
    LEFT_THREADS = "LEFT_THREADS"
    OUTPUT = "OUTPUT"
    USES_TORCH = "USES_TORCH"


NOTES = (
    Misbehaviour.CHANGED_ERROR_STATE,
    Misbehaviour.CHANGED_RANDOM_STATE,
    Misbehaviour.LEFT_THREADS,
    Misbehaviour.OUTPUT,
    Misbehaviour.USES_TORCH,
)
"""Misbehaviour that is reported and does not fail a verdict: the numbers may be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One misbehaviour: a line that says what happened, and the evidence under it."""

    kind: Misbehaviour
    text: str
    evidence: str = ""

    @property
    def grave(self) -> bool:
        """Whether it fails the verdict; a finding that is not grave is a note."""
        return self.kind not in NOTES


class NoTraceError(Exception):
    """A subject gave no trace; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding
