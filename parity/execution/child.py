"""Child: a subject's process seen from outside: started, asked, and ended with all it started."""

import atexit
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from parity.execution import wire
from parity.execution.output import Output

_ROOT = str(Path(__file__).parents[2])
_PROGRAM = (
    "import sys; path = sys.path[:]; sys.path.insert(0, sys.argv[1]);"
    "from parity.execution.worker import main; sys.path[:] = path; main(int(sys.argv[2]))"
)

TICK = 0.2
"""Seconds between two looks at a silent process: it may have ended without closing its line."""

LAST_WORDS = 0.3
"""Seconds that a process has to print where it hangs, or to end after its line is closed."""


SILENCE = 0.05
"""Seconds of silence after which such a process has printed everything."""


class LateError(Exception):
    """There was no answer in time."""


class EndedError(Exception):
    """The process has ended, or no longer listens; the text says how."""


class Child:
    """One process of the worker, in its own process group."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _PROGRAM, _ROOT, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=writing,
                    stderr=writing,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # Ctrl-C is ours, and the group is ours to end
                )
            finally:
                os.close(writing)
        ours.setblocking(False)
        self._line, self._owner = ours, os.getpid()
        self.output = Output(reading)
        self.alive = True
        atexit.register(self.end)

    def exchange(
        self, frame: bytes, seconds: float, most: int
    ) -> tuple[wire.Header, list[wire.Group]]:
        """Send a frame, and return the one that comes back within `seconds`.

        Raises LateError, EndedError or MalformedError; then this process cannot be used again.
        """
        until = time.monotonic() + seconds
        left = memoryview(frame)
        while left:
            self._wait(until, sending=True)
            with contextlib.suppress(BlockingIOError):
                left = left[self._sent(left) :]
        header, payload = wire.sizes(self._exactly(wire.PREFIX.size, until), most)
        answer = wire.unpack(self._exactly(header, until), self._exactly(payload, until))
        self.output.drain()
        return answer

    def last_words(self) -> None:
        """Make a hanging process print where it is, and wait a moment for it."""
        with contextlib.suppress(OSError):
            os.kill(self._process.pid, signal.SIGUSR1)
        until = time.monotonic() + LAST_WORDS
        with contextlib.suppress(LateError, EndedError):
            while True:
                if self.output.fd in self._look(select.poll(), until):
                    until = min(until, time.monotonic() + SILENCE)

    def how_ended(self) -> str:
        """Return how the process has ended; wait a moment until it has."""
        until = time.monotonic() + LAST_WORDS
        while not self._over() and time.monotonic() < until:
            time.sleep(0.01)
        if not self._over():
            return "closed its line to the harness"
        self.output.drain()
        self.end()
        return _how(self._process.returncode)

    def end(self) -> None:
        """End the process and its whole group now."""
        if not self.alive or os.getpid() != self._owner:
            return
        self.alive = False
        atexit.unregister(self.end)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # before it is reaped and its number free
        self._process.wait()
        self._line.close()
        self.output.drain()
        self.output.close()

    def _sent(self, left: memoryview) -> int:
        try:
            return self._line.send(left)
        except OSError as error:
            if isinstance(error, BlockingIOError):
                raise
            raise EndedError from error

    def _exactly(self, size: int, until: float) -> bytes:
        into = bytearray(size)
        view = memoryview(into)
        while view:
            try:
                count = self._line.recv_into(view)
            except BlockingIOError:
                self._wait(until)
                continue
            except OSError as error:
                raise EndedError from error
            if not count:
                raise EndedError
            view = view[count:]
        return bytes(into)

    def _wait(self, until: float, *, sending: bool = False) -> None:
        """Return when the line is ready; read the subject's output meanwhile."""
        poll = select.poll()
        poll.register(self._line, select.POLLOUT if sending else select.POLLIN)
        while self._line.fileno() not in self._look(poll, until):
            pass

    def _look(self, poll: "select.poll", until: float) -> list[int]:
        """Wait for the line or for output, one tick at most. Raises LateError, EndedError."""
        if (remaining := until - time.monotonic()) <= 0:
            raise LateError
        if self.output.open:
            poll.register(self.output.fd, select.POLLIN)
        ready = [fd for fd, _ in poll.poll(1000 * min(remaining, TICK))]
        if self.output.fd in ready:
            self.output.drain()
            if not self.output.open:
                poll.unregister(self.output.fd)
        if not ready and self._over():
            raise EndedError
        return ready

    def _over(self) -> bool:
        """Return whether the process has ended; `end` reaps it."""
        if not self.alive:
            return True
        if not hasattr(os, "waitid"):  # macOS, before Python 3.13
            return self._process.poll() is not None
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None


def _how(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    if -status == signal.SIGKILL:
        return "was killed by signal 9 (SIGKILL), as the system does when memory runs out"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = "unknown"
    return f"was ended by signal {-status} ({name})"
