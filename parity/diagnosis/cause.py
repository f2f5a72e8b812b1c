"""Cause: one mistake of a subject, and its proof."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A sentence, the proof by numbers, and the place to look at.

    `slug` names a mistake in the catalogue, or a mistake between calls or in a format.
    """

    slug: str  # its name for programs, which never changes
    value: float | None = None  # the mistake's number, if it has one
    says: str
    look_for: str
    evidence: tuple[str, ...]
    hidden_at: tuple[str, ...] = ()  # properties of the configurations that don't show it
    shown_at: tuple[str, ...] = ()  # and of those that show it
    also: tuple[str, ...] = ()  # other mistakes that give the same numbers, in sentences
    also_names: tuple[tuple[str, ...], ...] = ()  # the same by their names

    @property
    def name(self) -> str:
        """The slug, and the number behind it: `bptt-truncated=4`."""
        return self.slug if self.value is None else f"{self.slug}={self.value:g}"
