"""Worker: the subject's process. It gets cases and returns arrays; it has no right answers.

`parity.execution.child` starts it. It ends, with all that it started, when its input ends.
"""

import contextlib
import faulthandler
import os
import signal
import socket
import sys
from dataclasses import replace
from typing import Any

from parity.adapter.load import load
from parity.execution import wire
from parity.execution.coverage import Recorder, packed
from parity.execution.runner import Answers, raised, watched
from parity.execution.torch_use import Spy
from parity.model.case import Case
from parity.model.config import Config
from parity.model.errors import SubjectError
from parity.model.finding import Finding, Misbehaviour
from parity.subjects.own_source import OwnSource, own_sources
from parity.subjects.subject import Run
from parity.subjects.time_limit import OutOfTimeError

LONGEST_TEXT = 20_000
"""Characters of one finding that are sent, at most."""

GRACE = 1.0
"""Seconds after its limit at which a subject ends itself if its harness has ended."""


def main(fd: int) -> None:
    """Load the subject, and answer until the harness closes the line."""
    line = socket.socket(fileno=fd)
    line.set_inheritable(False)  # processes that the subject starts do not get it
    os.register_at_fork(after_in_child=line.close)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # the harness sends it before it ends a hanging process
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    with contextlib.suppress(EOFError, OSError):
        order, _ = _receive(line)
        _limit_memory(order["megabytes"])
        sys.path[:], sys.argv[:] = order["path"], [order["spec"]]
        _send(line, _loaded(order))
        spy = Spy()
        while True:
            asked, groups = _receive(line)
            is_question = "config" in asked
            _send(line, _answered(asked, groups[0], spy) if is_question else _executed(asked))
    os.killpg(0, signal.SIGKILL)  # this also ends every process that the subject started


_RUN: list[Run] = []
_RECORDER: list[Recorder] = []


def _loaded(order: wire.Header) -> bytes:
    """Load the subject, within the time limit of the order."""
    me, spec, options = os.getpid(), order["spec"], order["options"]
    signal.setitimer(signal.ITIMER_REAL, order["seconds"] + GRACE)
    try:
        found = load(spec, **options)
    except SubjectError as error:
        reason = error.reason.value if error.reason is not None else None
        said: wire.Header = {
            "number": 0,
            "error": str(error)[:LONGEST_TEXT],
            "reason": reason,
        }
    except BaseException as error:  # importing the subject can raise anything
        text = f"subject {spec!r} does not load: {raised(error).text}"
        said = {"number": 0, "error": text[:LONGEST_TEXT]}
    else:
        own = _watched(spec)
        _RUN.append(found.run)
        said = {
            "number": 0,
            "assumed": list(found.assumed),
            "lacking": found.lacking,
            "binding": list(found.binding),
            "uncertain": found.uncertain,
            "asks": dict(found.asks),
            "knows": list(found.knows),
            "offers": None if found.offers is None else list(found.offers),
            "sources": packed(own),
        }
    _done(me)
    return wire.pack(said)


def _watched(spec: str) -> tuple[OwnSource, ...]:
    """Prepare to watch the subject's own files, and return them; none where that fails."""
    try:
        own = own_sources(spec)
        _RECORDER.append(Recorder(own))
    except Exception:  # somebody's objects can do anything when they are looked at
        own = ()
        _RECORDER.append(Recorder(own))
    return own


def _answered(asked: wire.Header, arrays: wire.Group, spy: Spy) -> bytes:
    """Ask the subject, and return its answers and the findings as a frame."""
    me, case = os.getpid(), _case(asked, arrays)
    spy.look()
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"] + GRACE)
    try:
        answers = watched(_RECORDER[0].watched_once(_RUN[0]), case, asked["times"])
    except (KeyboardInterrupt, OutOfTimeError, MemoryError) as error:  # the subject's own
        answers = Answers(findings=(raised(error),))
    _done(me)
    if (text := spy.look()) is not None:
        note = Finding(kind=Misbehaviour.USES_TORCH, text=text)
        answers = replace(answers, findings=(*answers.findings, note))
    try:
        return wire.pack(_said(asked, answers), answers.traces, asked["most"])
    except (wire.OversizedError, MemoryError) as error:
        text = f"the subject's answer is too large: {error}"
        found = Finding(kind=Misbehaviour.OUT_OF_MEMORY, text=text)
        return wire.pack(_said(asked, Answers(findings=(found,))))


def _executed(asked: wire.Header) -> bytes:
    """Return the subject's lines that have run, as a frame."""
    try:
        return wire.pack({"number": asked["number"], "executed": _RECORDER[0].executed()})
    except wire.OversizedError:
        return wire.pack({"number": asked["number"]})


def _case(asked: wire.Header, arrays: wire.Group) -> Case:
    return Case.of(Config.parse(asked["config"]), arrays)


def _said(asked: wire.Header, answers: Answers) -> wire.Header:
    found = [
        [f.kind.value, f.text[:LONGEST_TEXT], f.evidence[-LONGEST_TEXT:]] for f in answers.findings
    ]
    return {"number": asked["number"], "findings": found}


def _done(me: int) -> None:
    """The subject has returned. If it has copied this process, the copy ends here."""
    if os.getpid() != me:
        os._exit(0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):  # the subject may have replaced them
            stream.flush()


def _limit_memory(megabytes: int) -> None:
    """Let an allocation beyond the limit fail, as a MemoryError, before the machine swaps.

    On Linux RLIMIT_DATA counts what the process can write to. RLIMIT_AS would count address space
    too, and libraries and threads reserve gigabytes of it that they never use; on other systems
    it is the only one of the two that has an effect.
    """
    import resource

    which = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    for limit, most in ((which, megabytes * 2**20), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))


def _send(line: socket.socket, frame: bytes) -> None:
    line.sendall(frame)


def _receive(line: socket.socket) -> tuple[wire.Header, list[wire.Group]]:
    header, payload = wire.sizes(_exactly(line, wire.PREFIX.size), 2**62)
    return wire.unpack(_exactly(line, header), _exactly(line, payload))


def _exactly(line: socket.socket, size: int) -> bytes:
    """Return `size` bytes. Raises EOFError when the harness has ended."""
    into = bytearray(size)
    view: Any = memoryview(into)
    while view:
        if not (count := line.recv_into(view)):
            raise EOFError
        view = view[count:]
    return bytes(into)
