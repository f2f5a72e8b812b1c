"""The report of a benchmark: figures beside their limits, on screen and as JSON."""

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number, and its upper or lower limit."""

    name: str
    value: float
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool:
        """Whether it is within its limits; a number without limits is."""
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    def __str__(self) -> str:
        """Return `0.28 (0.35 asked)`."""
        asked = [f"{self.most:g} asked"] if self.most is not None else []
        asked += [f"at least {self.least:g} asked"] if self.least is not None else []
        return f"{self.value:.2f}" + (f" ({', '.join(asked)})" if asked else "")


@dataclass
class Report:
    """All figures of one benchmark; each is printed when it is added."""

    title: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    skipped: str = ""  # why there are no figures

    def __post_init__(self) -> None:
        print(self.title, flush=True)

    def row(self, line: str, **values: Any) -> None:
        """Print a line of the table, and keep its values."""
        self.rows.append(values)
        print(f"  {line}", flush=True)

    def figure(
        self, name: str, value: float, *, most: float | None = None, least: float | None = None
    ) -> None:
        """Print a figure beside its limit, and keep it."""
        found = Figure(name=name, value=value, most=most, least=least)
        self.figures.append(found)
        print(f"  {name:58} {found}{'' if found.met else '  NOT MET'}", flush=True)

    def skip(self, why: str) -> None:
        """Print why there are no figures, and keep it."""
        self.skipped = why
        print(f"  no figures: {why}", flush=True)

    def write(self, file: Path | None) -> None:
        """Write all of it as JSON."""
        if file is not None:
            figures = [{**asdict(found), "met": found.met} for found in self.figures]
            told = {"title": self.title, "rows": self.rows, "figures": figures}
            told |= {"skipped": self.skipped}
            file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def parser(module: str, does: str | None) -> argparse.ArgumentParser:
    """Return the parser of `python -m benchmarks.MODULE`, with its --json."""
    found = argparse.ArgumentParser(prog=f"python -m benchmarks.{module}", description=does)
    found.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return found
