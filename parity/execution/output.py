"""Output: the bytes that a subject prints, counted, kept up to a limit, and shown in part."""

import os

MOST_BYTES = 2**20
"""Bytes that a subject may print for one configuration; a longer output is noted and dropped."""

SHOWN_LINES, LONGEST_LINE = 6, 200
"""Lines of a subject's output that are shown in a run, and characters of each, at most."""

MORE = "the subject prints more, which is not shown: --in-process shows all of it"


class Excerpt:
    """The first lines of all that a subject prints; a progress bar is one line after another."""

    def __init__(self) -> None:
        self._left = SHOWN_LINES
        self._said = False

    def of(self, text: str) -> str:
        """Return the lines of `text` to show; the first that is left out is replaced by a note."""
        lines = [line[:LONGEST_LINE] for line in text.splitlines() if line.strip()]
        shown, self._left = lines[: self._left], self._left - min(self._left, len(lines))
        if len(shown) < len(lines) and not self._said:
            self._said = True
            shown.append(MORE)
        return "".join(f"{line}\n" for line in shown)


def last_lines(text: str) -> str:
    """Return the last lines that a subject has printed before it ended."""
    lines = [line[:LONGEST_LINE] for line in text.splitlines() if line.strip()]
    return "".join(f"{line}\n" for line in lines[-SHOWN_LINES:])


class Output:
    """The reading end of a pipe that is the subject's standard output and error."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.open = True
        self._kept = bytearray()
        self._size = 0
        os.set_blocking(fd, False)

    def drain(self) -> None:
        """Read what is there, at most MOST_BYTES: endless output must not block the harness."""
        taken = 0
        while self.open and taken < MOST_BYTES:
            try:
                new = os.read(self.fd, 2**16)
            except BlockingIOError:
                return
            self.open = bool(new)
            taken += len(new)
            self._size += len(new)
            self._kept += new[: MOST_BYTES - len(self._kept)]

    def take(self) -> tuple[int, str]:
        """Return how many bytes came since the last call, and the first of them as text."""
        size, text = self._size, self._kept.decode(errors="backslashreplace")
        self._size, self._kept = 0, bytearray()
        return size, text

    def close(self) -> None:
        """Close the pipe; a process that still prints into it gets an error."""
        self.open = False
        os.close(self.fd)
