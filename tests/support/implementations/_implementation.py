"""Implementation: how one of them is named on the command line, and what is true of it."""

from dataclasses import dataclass

GROUPS = {
    "developed": "developed with",
    "held_out": "held out",
    "blind_dev": "blind, mended for",
    "blind_held": "blind, looked at once",
}
"""The groups, by their folders; those of the first are in none."""


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """One implementation. Right means right under its own convention."""

    spec: str  # file:Name in this folder, a file alone, or module:Name of a package in it
    looks: str  # its conventions: N rows, T steps, F features, H hidden units, C classes
    mistakes: tuple[str, ...] = ()  # by slug, and number where there is one: bptt-truncated=4
    facts: tuple[str, ...] = ()  # instead, where the catalogue has no such mistake
    wrong: str = ""  # instead, where no fact is asked, either: the verdict alone is
    finding: str = ""  # a misbehaviour to be expected instead, or NONDETERMINISTIC, USES_TORCH ...
    loss: str = ""  # its own, where that is no mean cross-entropy of the last step

    @property
    def right(self) -> bool:
        """Whether nothing is wrong with it."""
        return not (self.mistakes or self.facts or self.wrong or self.finding)

    @property
    def borrowed(self) -> bool:
        """Whether its numbers are PyTorch's own: right, and a note says so."""
        return self.finding == "USES_TORCH"

    @property
    def group(self) -> str:
        """The group that it belongs to."""
        folder = self.spec.split("/")[0]
        return folder if folder in GROUPS else "developed"
