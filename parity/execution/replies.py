"""Replies: the messages of a subject's process, believed as far as they can be checked."""

import re
from pathlib import Path
from typing import Any

from parity.execution import wire
from parity.execution.coverage import checked_lines, unpacked
from parity.model.errors import ConfigError, Reason, SubjectError
from parity.model.finding import Finding, Misbehaviour
from parity.subjects.capabilities import checked, known
from parity.subjects.own_source import OwnSource
from parity.subjects.subject import Run, Subject

WRITTEN_BY_WORKER = (
    Misbehaviour.RAISED,
    Misbehaviour.OUT_OF_MEMORY,
    Misbehaviour.MUTATED_INPUT,
    Misbehaviour.INCOMPLETE,
    Misbehaviour.CHANGED_ERROR_STATE,
    Misbehaviour.CHANGED_RANDOM_STATE,
    Misbehaviour.LEFT_THREADS,
    Misbehaviour.USES_TORCH,
)
"""The findings that are made in the subject's own process; all others are made here."""

_DUMP = re.compile(r"^(?=Fatal Python error|Current thread 0x|Thread 0x)", re.MULTILINE)
"""The beginning of faulthandler's output, after all output of the subject itself."""

_HARNESS = str(Path(__file__).parents[1])


def check_number(header: Any, number: int) -> None:
    """Raise MalformedError unless a frame answers the question of this number."""
    if not isinstance(header, dict) or header.get("number") != number:
        raise wire.MalformedError("it answers another question")


def findings(header: wire.Header) -> tuple[Finding, ...]:
    """Return the worker's findings. Raises MalformedError for text that it does not write."""
    try:
        rows = [(Misbehaviour(kind), text, evidence) for kind, text, evidence in header["findings"]]
    except (KeyError, TypeError, ValueError) as error:
        raise wire.MalformedError(f"its findings are malformed: {error}"[:200]) from error
    if not all(isinstance(part, str) for row in rows for part in row) or not all(
        kind in WRITTEN_BY_WORKER for kind, _, _ in rows
    ):
        raise wire.MalformedError("its findings are malformed")
    return tuple(Finding(kind=kind, text=text, evidence=evidence) for kind, text, evidence in rows)


def executed(header: wire.Header) -> dict[str, list[int]]:
    """Return the lines that have run for the first time, by file. Raises MalformedError."""
    try:
        return checked_lines(header.get("executed", {}))
    except (TypeError, ValueError) as error:
        raise wire.MalformedError(f"its executed lines are malformed: {error}"[:200]) from error


def sources(header: wire.Header) -> tuple[OwnSource, ...]:
    """Return the subject's own sources; none where the message has none that can be read."""
    try:
        return unpacked(header.get("sources", ()))
    except (TypeError, ValueError):
        return ()


def own_output(printed: str) -> tuple[str, str]:
    """Return the output of a subject that crashed or hung, and the place where it was."""
    own, *dump = _DUMP.split(printed, maxsplit=1)
    return own, _place("".join(dump))


def _place(printed: str) -> str:
    """Return where a process was when it ended, from faulthandler, without the harness's frames."""
    lines = printed.splitlines()
    begin = next((i for i, line in enumerate(lines) if "(most recent call first)" in line), None)
    if begin is None:
        return ""
    frames = [line for line in lines[begin + 1 :] if line.startswith("  File ")]
    own = [line for line in frames if _HARNESS not in line and "<string>" not in line]
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return "\n".join([*fatal, *own[:5]])


def reason(header: wire.Header) -> Reason | None:
    """Return why the worker could not load the subject, None where it does not say a known one."""
    said = header.get("reason")
    return next((known_one for known_one in Reason if known_one.value == said), None)


def about(header: wire.Header, spec: str, run: Run) -> Subject:
    """Return a worker's description of the subject that it has loaded.

    Raises SubjectError when its CONFIG or OPTIONS are wrong.
    """
    offers = header.get("offers")
    try:
        asks = checked(header.get("asks", {}), spec)
        knows = known(header.get("knows", ()), spec)
    except (ConfigError, TypeError) as error:
        raise SubjectError(f"subject {spec!r}: {error}") from error
    return Subject(
        name=spec,
        run=run,
        asks=asks,
        knows=knows,
        offers=tuple(map(str, offers)) if isinstance(offers, list) else None,
        assumed=tuple(map(str, header.get("assumed", ()))),
        lacking=str(header.get("lacking", "")),
        binding=tuple(map(str, header.get("binding", ()))),
        uncertain=str(header.get("uncertain", "")),
    )
