"""Cause: one thing that is wrong with a subject, and what proves it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A sentence, the proof by numbers, and where to look."""

    says: str
    look_for: str
    evidence: tuple[str, ...]
    hidden_at: tuple[str, ...] = ()  # what is special about the configurations that don't show it
    shown_at: tuple[str, ...] = ()  # and of those that do
    also: tuple[str, ...] = ()  # other mistakes that give the same numbers
