"""Runner: asks a subject about a case in this process, and watches it while it answers.

The same code watches a function object here and a named subject in its own process.
"""

import re
import traceback
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parity.execution.limits import TIME_LIMIT
from parity.execution.side_effects import Watch, seeded
from parity.model import trace
from parity.model.case import Array, Case
from parity.model.errors import SubjectError
from parity.model.finding import Finding, Misbehaviour, NoTraceError
from parity.model.trace import Trace
from parity.subjects.subject import Run
from parity.subjects.time_limit import OutOfTimeError, limited
from parity.subjects.tracebacks import own_traceback


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A subject's answers to one case, one for each question, and the findings.

    With a grave finding there may be fewer answers than questions.
    """

    traces: tuple[Trace, ...] = ()
    findings: tuple[Finding, ...] = ()


class Askable(ABC):
    """A subject's `run` that knows how it is asked: here, or in its own process."""

    @abstractmethod
    def ask(self, case: Case, times: int) -> Answers:
        """Ask about `case` `times` times; no error or exit of the subject escapes."""

    @abstractmethod
    def why_answers_differ(self, case: Case) -> tuple[Misbehaviour, str]:
        """Return why two answers to `case` differ, STATEFUL or NONDETERMINISTIC, and how."""

    def __call__(self, case: Case) -> Trace:
        """Return one answer. Raises NoTraceError when there is none."""
        return given(self.ask(case, 1), 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Here(Askable):
    """A subject that runs in this process: harm to the process is noticed, and not prevented.

    An answer that takes longer than `seconds` is ended only in the main thread of a Unix process.
    """

    run: Run
    seconds: float | None = TIME_LIMIT  # None: as long as it takes, for a debugger

    def ask(self, case: Case, times: int) -> Answers:
        """Ask in this process; Ctrl-C reaches the user's program."""
        if self.seconds is None:
            return watched(self.run, case, times)
        try:
            with limited(self.seconds):
                return watched(self.run, case, times)
        except OutOfTimeError:
            text = f"no answer in {self.seconds:g} s"
            return Answers(findings=(Finding(kind=Misbehaviour.TIMEOUT, text=text),))

    def why_answers_differ(self, case: Case) -> tuple[Misbehaviour, str]:
        """Ask twice more with the same global random numbers: does the subject draw from them?"""
        first, second = self._seeded(case), self._seeded(case)
        drawn = any(f.kind is Misbehaviour.CHANGED_RANDOM_STATE for f in first.findings)
        same = first.traces and second.traces and not differing(first.traces[0], second.traces[0])
        if drawn and same:
            return Misbehaviour.NONDETERMINISTIC, "it draws from global random numbers"
        return Misbehaviour.STATEFUL, ""

    def _seeded(self, case: Case) -> Answers:
        with seeded():
            return self.ask(case, 1)


def watched(run: Run, case: Case, times: int) -> Answers:
    """Run a subject `times` times on one case, and report its side effects.

    A subject that writes into the case is asked again with arrays of its own.
    """
    before = case.snapshot()
    with np.errstate(all="ignore"):  # overflows are judged; they must not warn
        watch = Watch()
        try:
            traces, findings = _answered(run, case, times)
        finally:
            notes = tuple(watch.notes())
    if case.snapshot() != before:
        case.restore(before)
        text = "the subject changed the case's arrays"
        findings.append(Finding(kind=Misbehaviour.MUTATED_INPUT, text=text))
    return Answers(traces=tuple(traces), findings=(*findings, *notes))


def _answered(run: Run, case: Case, times: int) -> tuple[list[Trace], list[Finding]]:
    """Return a subject's answers, none where it fails, and what is wrong with it."""
    try:
        return [_answer(run, case) for _ in range(times)], []
    except NoTraceError as failed:
        found = failed.finding
    if found.kind is not Misbehaviour.MUTATED_INPUT:
        return [], [found]
    try:
        return [_answer(run, case.writable()) for _ in range(times)], [found]
    except NoTraceError as failed:
        return [], [found, failed.finding]


def given(answers: Answers, times: int) -> tuple[Trace, ...]:
    """Return the answers. Raises NoTraceError, with a finding that says why, if one is missing."""
    grave = [finding for finding in answers.findings if finding.grave]
    if len(answers.traces) < times:
        lost = Finding(kind=Misbehaviour.INCOMPLETE, text="the subject gave no answer")
        raise NoTraceError(grave[0] if grave else lost)
    return answers.traces


def differing(first: Trace, second: Trace) -> list[str]:
    """Return the names of the arrays that are not equal, bit for bit, in both traces."""
    names = [*first, *(name for name in second if name not in first)]
    return [n for n in names if not (n in first and n in second and _same(first[n], second[n]))]


def raised(error: BaseException) -> Finding:
    """Return the finding that reports an error of a subject."""
    if isinstance(error, SubjectError):
        return Finding(kind=Misbehaviour.INCOMPLETE, text=str(error))
    evidence = "" if isinstance(error, NotImplementedError) else own_traceback(error)
    said = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, MemoryError):
        text = f"the subject asked for more memory than there is: {said}"
        return Finding(kind=Misbehaviour.OUT_OF_MEMORY, text=text, evidence=evidence)
    if any(map(_is_write_refused, _chain(error))):
        text = "the subject writes into the case's arrays, which are read-only"
        return Finding(kind=Misbehaviour.MUTATED_INPUT, text=text, evidence=evidence)
    text = f"the subject raised {said}"
    return Finding(kind=Misbehaviour.RAISED, text=text, evidence=evidence)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_write_refused(error: BaseException) -> bool:
    """Return whether NumPy has refused to write into a read-only array, in its own words."""
    own = re.fullmatch(r"[\w ]*\b(array|destination) is read-only", str(error))
    return isinstance(error, ValueError) and own is not None


def _answer(run: Run, case: Case) -> Trace:
    """Run a subject once; reading its answer can also run its own `items` and `__array__`."""
    try:
        with warnings.catch_warnings(action="ignore"):  # the numbers are judged, not the warnings
            return trace.read(run(case))
    except (KeyboardInterrupt, OutOfTimeError):
        raise
    except NoTraceError:
        raise
    except BaseException as error:  # sys.exit, pytest.skip: nothing a subject does ends the run
        raise NoTraceError(raised(error)) from error


def _same(one: Array, other: Array) -> bool:
    alike = one.shape == other.shape and one.dtype == other.dtype
    return alike and one.tobytes() == other.tobytes()
