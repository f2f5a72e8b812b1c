"""Cause: one thing that is wrong with a subject, and what proves it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A sentence, the proof by numbers, and where to look.

    `slug` is that of a mistake in the catalogue, or of what shows between calls or in a format.
    """

    slug: str  # its name for programs, which never changes
    value: float | None = None  # of the mistake's number, where there is one
    says: str
    look_for: str
    evidence: tuple[str, ...]
    hidden_at: tuple[str, ...] = ()  # what is special about the configurations that don't show it
    shown_at: tuple[str, ...] = ()  # and of those that do
    also: tuple[str, ...] = ()  # other mistakes that give the same numbers

    @property
    def name(self) -> str:
        """The slug, and the number behind it: `bptt-truncated=4`."""
        return self.slug if self.value is None else f"{self.slug}={self.value:g}"
