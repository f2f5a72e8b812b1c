"""Process: a named subject in one process, which is restarted when necessary."""

import contextlib
import itertools
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from parity.execution import output, wire
from parity.execution.child import Child, EndedError, LateError
from parity.execution.coverage import Record
from parity.execution.limits import Limits
from parity.execution.replies import (
    about,
    check_number,
    executed,
    findings,
    own_output,
    reason,
    sources,
)
from parity.execution.runner import Answers, Askable, differing
from parity.model.case import Case
from parity.model.errors import ParityError, SubjectError
from parity.model.finding import Finding, Misbehaviour
from parity.model.trace import Trace
from parity.subjects.subject import Subject

LOADING = 120.0
"""Seconds that importing a subject may take, at any limit for a configuration."""

RECORDING = 10.0
"""Seconds that a subject's process may take to list the lines that have run."""

IN_A_ROW = {Misbehaviour.TIMEOUT: 3, Misbehaviour.CRASHED: 20}
"""A subject that hangs, or crashes, in this many configurations in a row is not asked again."""

ROOM, TIMES_THE_CASE = 2**26, 16
"""Limits of all answers to a case, in bytes and in sizes of the case: the larger one counts."""


def isolated(
    spec: str, *, limits: Limits | None = None, options: Mapping[str, Any] | None = None
) -> Subject:
    """Load the subject that `spec` names in its own process, and return it.

    options: the further arguments of `load`, in plain JSON values.
    Raises SubjectError as `load` does. The process ends with this one, or with `closed`.
    """
    return Process(spec, limits=limits, options=options).subject()


def recorded(subject: Subject) -> Record | None:
    """Return the lines that a subject's questions have run so far; None outside a process."""
    return subject.run.recorded() if isinstance(subject.run, Process) else None


def closed(subject: Subject) -> None:
    """End the process of a subject, if it has one; the next question starts a new one."""
    if isinstance(subject.run, Process):
        subject.run.close()


class Process(Askable):
    """A subject's process. It starts at once; the first question waits until it is ready.

    PyTorch can be loaded meanwhile. All threads share it, one question at a time. As a context
    manager it ends the process.
    """

    def __init__(
        self,
        spec: str,
        *,
        limits: Limits | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if sys.platform == "win32":
            raise ParityError("a subject in its own process needs Linux or macOS")
        self.spec, self.limits, self.options = spec, limits or Limits(), dict(options or {})
        self._record = Record()
        self._excerpt = output.Excerpt()
        self._numbers = itertools.count(1)
        self._row: list[Misbehaviour] = []  # how the last questions ended, while alike
        self._changes: tuple[Misbehaviour, str] | None = None
        self._lock = threading.RLock()
        self._loaded = False
        self._subject = Subject(name=spec, run=self)
        self._child: Child | None = Child()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and all processes that it started."""
        if self._child is not None:
            self._child.end()
        self._child, self._loaded = None, False

    def subject(self) -> Subject:
        """Wait until the subject is loaded. Raises SubjectError when it cannot be."""
        return self._ready()

    # -- asking ------------------------------------------------------------------------------------

    def ask(self, case: Case, times: int) -> Answers:
        """Ask about `case` `times` times within the limit; an error is a finding."""
        with self._lock:
            if (refused := self._refused()) is not None:
                return Answers(findings=(refused,))
            answers = self._asked(case, times)
            kinds = [f.kind for f in answers.findings if f.kind in IN_A_ROW]
            alike = kinds and self._row[-1:] in ([], kinds[:1])
            self._row = [*self._row, kinds[0]] if alike else kinds[:1]
            return answers

    def why_answers_differ(self, case: Case) -> tuple[Misbehaviour, str]:
        """Compare the first answers of two fresh processes, once for a subject."""
        if self._changes is None:
            first, second = self._fresh(case), self._fresh(case)
            if first and second and not differing(first[0], second[0]):
                how = f"in fresh processes it does not (seen at {case.config}): it keeps a state"
                self._changes = Misbehaviour.STATEFUL, how
            else:
                how = f"its answers differ even in fresh processes (seen at {case.config})"
                self._changes = Misbehaviour.NONDETERMINISTIC, how
        return self._changes

    def _fresh(self, case: Case) -> tuple[Trace, ...]:
        self.close()
        return self.ask(case, 1).traces

    def _refused(self) -> Finding | None:
        """Return why the subject is no longer asked, or None."""
        for kind, most in IN_A_ROW.items():
            if self._row.count(kind) >= most:
                how = {
                    Misbehaviour.TIMEOUT: f"took longer than {self.limits.seconds:g} s each",
                    Misbehaviour.CRASHED: "each ended the subject's process",
                }
                return Finding(
                    kind=kind, text=f"not asked: the {most} configurations before {how[kind]}"
                )
        return None

    def _asked(self, case: Case, times: int) -> Answers:
        most = max(ROOM, TIMES_THE_CASE * sum(array.nbytes for array in case.arrays.values()))
        number = next(self._numbers)
        order = {
            "number": number,
            "config": str(case.config),
            "times": times,
            "seconds": self.limits.seconds,
            "most": most,
        }
        frame = wire.pack(order, [case.arrays])
        try:
            self._ready()
            header, traces = self._exchanged(frame, self.limits.seconds, most, number)
            found = findings(header)
        except SubjectError as error:  # it had been loaded before
            return Answers(findings=(Finding(kind=Misbehaviour.CRASHED, text=str(error)),))
        except _FailedError as failed:
            return Answers(findings=(failed.finding,))
        except wire.MalformedError as error:
            self.close()
            text = f"the subject's process sent something that is not an answer: {error}"
            return Answers(findings=(Finding(kind=Misbehaviour.CRASHED, text=text),))
        return Answers(traces=tuple(traces[:times]), findings=(*found, *self._printed()))

    def recorded(self) -> Record:
        """Return the lines that all questions have run; a process that failed has lost its own."""
        with self._lock:
            if self._loaded:
                number = next(self._numbers)
                with contextlib.suppress(_FailedError, wire.MalformedError):
                    frame = wire.pack({"number": number})
                    header, _ = self._exchanged(frame, RECORDING, 0, number)
                    self._record.add(executed(header))
            return self._record

    # -- the process -------------------------------------------------------------------------------

    def _ready(self) -> Subject:
        """Let the process load the subject; return its description."""
        if self._loaded:
            return self._subject
        if self._child is None:
            self._child = Child()
        loading = max(LOADING, self.limits.seconds)
        order = {
            "spec": self.spec,
            "options": self.options,
            "path": sys.path,
            "megabytes": self.limits.megabytes,
            "seconds": loading,
        }
        try:
            header, _ = self._exchanged(wire.pack(order), loading, 0, 0)
        except _FailedError as failed:
            said = f"{failed.finding.text}\n{failed.finding.evidence}".rstrip()
            raise SubjectError(f"subject {self.spec!r} does not load: {said}") from failed
        except wire.MalformedError as error:
            raise SubjectError(f"subject {self.spec!r} does not load: {error}") from error
        self._printed()
        if "error" in header:
            self.close()
            raise SubjectError(str(header["error"]), reason(header))
        self._loaded, self._subject = True, about(header, self.spec, self)
        self._record.sources = sources(header)
        return self._subject

    def _exchanged(
        self, frame: bytes, seconds: float, most: int, number: int
    ) -> tuple[wire.Header, list[wire.Group]]:
        """Exchange a frame; after any error this child is not used again."""
        assert self._child is not None
        child = self._child
        try:
            header, groups = child.exchange(frame, seconds, most)
            check_number(header, number)
        except LateError as late:
            child.last_words()
            text = f"no answer in {seconds:g} s: the subject's process was ended"
            raise self._failed(child, Misbehaviour.TIMEOUT, text) from late
        except EndedError as ended:
            text = f"the subject's process {child.how_ended()}"
            raise self._failed(child, Misbehaviour.CRASHED, text) from ended
        except BaseException:  # Ctrl-C, or bytes that are not an answer: its line is out of step
            self.close()
            raise
        return header, groups

    def _failed(self, child: Child, kind: Misbehaviour, text: str) -> "_FailedError":
        self.close()
        _, printed = child.output.take()
        own, place = own_output(printed)
        sys.stderr.write(output.last_lines(own))
        return _FailedError(Finding(kind=kind, text=text, evidence=place))

    def _printed(self) -> tuple[Finding, ...]:
        """Show the first lines of the output; return a note instead where there is too much."""
        assert self._child is not None
        size, text = self._child.output.take()
        if size <= output.MOST_BYTES:
            sys.stderr.write(self._excerpt.of(text))
            return ()
        first = text.splitlines()[0][:80]
        said = f"the subject prints {size / 2**20:.0f} MB, which begin with {first!r}"
        return (Finding(kind=Misbehaviour.OUTPUT, text=said),)


class _FailedError(Exception):
    """There is no answer, and the process has ended; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding
