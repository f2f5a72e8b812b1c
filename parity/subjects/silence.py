"""Silence: what somebody's code prints while it is loaded or tried goes nowhere."""

import contextlib
import io
from collections.abc import Iterator
from typing import Any


class _Nowhere(io.RawIOBase):
    """A stream that takes everything and keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return memoryview(data).nbytes


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Drop what Python code in the block writes to standard output and standard error.

    The stream stays open: a handler of `logging` that the code makes may keep it.
    """
    nowhere = io.TextIOWrapper(io.BufferedWriter(_Nowhere()), errors="replace")
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield
