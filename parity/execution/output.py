"""Output: the bytes that a subject prints, counted, and kept up to a limit."""

import os

MOST_BYTES = 2**20
"""Bytes that a subject may print for one configuration; a longer output is noted and dropped."""


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
