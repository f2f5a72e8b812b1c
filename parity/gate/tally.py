"""Tally: how much a test run has compared, from the records of its tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tally:
    """The sum of the records of the grid's tests."""

    configurations: int = 0
    comparisons: int = 0
    left_out: set[str] = field(default_factory=set)
    noted: dict[str, str] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)  # by configuration that agrees
    undecided: set[str] = field(default_factory=set)

    def add(self, found: Mapping[str, Any]) -> None:
        """Add the record of one test."""
        self.configurations += int(found.get("configurations", 0))
        self.comparisons += int(found.get("comparisons", 0))
        self.left_out.update(found.get("not_checked", ()))
        self.undecided.update(found.get("undecided", ()))
        for note in found.get("notes", ()):
            self.noted.setdefault(note.partition("  ")[0], note)
        for config, share in found.get("shares", {}).items():
            self.shares[config] = max(share, self.shares.get(config, 0.0))

    def data(self) -> dict[str, Any]:
        """Return the data that `--parity-compared` writes."""
        agreed = {name: used for name, used in self.shares.items() if name not in self.undecided}
        return {"shares": agreed, "undecided": sorted(self.undecided)}

    def lines(self) -> list[str]:
        """Return the lines of a summary after the number of comparisons."""
        names = ", ".join(sorted(self.left_out))
        missing = [f"left out by the subject, so not checked: {names}"] if names else []
        return [*missing, *(f"note: {note}" for note in self.noted.values())]
