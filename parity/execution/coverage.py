"""Coverage: the lines of a subject's own files that run while it is asked, by `coverage`.

The recorder runs in the subject's process, and only while it answers a question: the lines that run
while the subject is imported, adapted or searched do not count. The record is kept on the other
side.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.model.case import Case
from parity.subjects.own_source import OwnSource
from parity.subjects.subject import Run

if TYPE_CHECKING:
    from coverage import Coverage

MOST_FILES = 200
"""Files of one subject that are watched, at most."""

MOST_TEXT = 2**19
"""Characters of all files together: they travel in one header."""


class Recorder:
    """Watches the files of a subject in this process."""

    def __init__(self, sources: Iterable[OwnSource]) -> None:
        self._files = {str(Path(s.file).resolve()): s.file for s in sources}  # as `coverage` does
        self._coverage = _ready([_pattern(file) for file in self._files]) if self._files else None

    def watched_once(self, run: Run) -> Run:
        """Return a `run` whose first call is watched: a second one would show the same lines."""
        left = [self._coverage] if self._coverage is not None else []

        def watched(case: Case) -> Mapping[str, Any]:
            if not left:
                return run(case)
            watching = left.pop()
            watching.start()
            try:
                return run(case)
            finally:
                watching.stop()

        return watched

    def executed(self) -> dict[str, list[int]]:
        """Return the lines that have run so far, by file."""
        if self._coverage is None:
            return {}
        data = self._coverage.get_data()
        measured = {file: data.lines(file) or () for file in data.measured_files()}
        return {self._files[f]: sorted(n) for f, n in measured.items() if f in self._files}


def _ready(patterns: list[str]) -> "Coverage":
    """Return what watches these files, after a first start: it takes longer than all others."""
    from coverage import Coverage  # in the subject's process alone

    watching = Coverage(data_file=None, config_file=False, include=patterns)
    watching.set_option("run:disable_warnings", list(_WARNINGS))
    watching.start()
    watching.stop()
    return watching


_WARNINGS = ("no-data-collected", "module-not-imported", "couldnt-parse", "no-ctracer", "no-sysmon")


def _pattern(file: str) -> str:
    """Return a pattern of `coverage` for one file: its special characters match any character."""
    return "".join("?" if letter in "*?[]" else letter for letter in file)


@dataclass(kw_only=True)
class Record:
    """The sources of a subject, and their lines that have run, as its process has sent them."""

    sources: tuple[OwnSource, ...] = ()
    executed: dict[str, set[int]] = field(default_factory=dict)

    def add(self, lines: Mapping[str, Sequence[int]]) -> None:
        """Add lines that have run, by file."""
        for file, new in lines.items():
            self.executed.setdefault(file, set()).update(new)


def packed(sources: Sequence[OwnSource]) -> list[list[Any]]:
    """Return sources as plain values, as far as they fit into a message."""
    rows, size = [], 0
    for source in sources[:MOST_FILES]:
        size += len(source.text)
        if size > MOST_TEXT:
            break
        rows.append([source.file, source.text, None if source.names is None else [*source.names]])
    return rows


def unpacked(rows: Any) -> tuple[OwnSource, ...]:
    """Return the sources of a message. Raises TypeError, ValueError where it has none."""
    return tuple(
        OwnSource(
            file=_text(file),
            text=_text(text),
            names=None if names is None else tuple(map(_text, names)),
        )
        for file, text, names in rows
    )


def checked_lines(lines: Any) -> dict[str, list[int]]:
    """Return the lines of a message by file. Raises TypeError, ValueError where they are none."""
    return {_text(file): list(map(_number, numbers)) for file, numbers in dict(lines).items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text"[:200])
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"{value!r} is not the number of a line"[:200])
    return value
