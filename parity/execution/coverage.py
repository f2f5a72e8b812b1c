"""Coverage: the lines of a subject's own files that run while it is asked, by `coverage`.

The recorder runs in the subject's process, from the first question on: what runs while the
subject is imported, adapted or searched does not count. The record is kept on the other side.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity.subjects.own_source import OwnSource

MOST_FILES = 200
"""Files of one subject that are watched, at most."""

MOST_TEXT = 2**19
"""Characters of all files together: they travel in one header."""


class Recorder:
    """Watches the files of a subject in this process."""

    def __init__(self, sources: Iterable[OwnSource]) -> None:
        self._files = {str(Path(s.file).resolve()): s.file for s in sources}  # as `coverage` does
        self._coverage: Any = None
        self._sent: dict[str, set[int]] = {}

    def start(self) -> None:
        """Begin to watch, for as long as the process lives."""
        if self._coverage is not None or not self._files:
            return
        import coverage

        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, include=[_pattern(file) for file in self._files]
        )
        self._coverage.set_option("run:disable_warnings", list(_WARNINGS))
        self._coverage.start()

    def news(self) -> dict[str, list[int]]:
        """Return the lines that have run since the last call for the first time, by file."""
        if self._coverage is None:
            return {}
        data, found = self._coverage.get_data(), {}
        for measured in data.measured_files():
            file = self._files.get(measured)
            if file is not None:
                old = self._sent.setdefault(file, set())
                if new := set(data.lines(measured) or ()) - old:
                    found[file] = sorted(new)
                    old |= new
        return found


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
