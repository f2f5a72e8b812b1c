"""Load: find a subject by its name; a `run` that takes a case stays, other code is adapted."""

from collections.abc import Sequence
from typing import Any

from parity.adapter.adapt import adapt
from parity.adapter.running.interpreter import Run
from parity.adapter.written import summary
from parity.model.errors import ConfigError, Reason, SubjectError
from parity.subjects.capabilities import checked, known
from parity.subjects.find import Found, find
from parity.subjects.refusals import python_2_sign
from parity.subjects.subject import NOT_EXECUTED, Subject


def load(spec: str, *, run_all: bool = False) -> Subject:
    """Find the subject that `spec` names: `module`, `file.py` or `file.ipynb`, each also `:name`.

    A function `run(case)` is taken as it is; a class, other functions, or a file without a `run`
    are adapted: see `adapt-subject`. Of a file only the definitions are executed, unless it has a
    `run` or `run_all` says otherwise.
    Raises SubjectError when there is no such file, module or name, when it is not Python or has
    nothing to judge, when importing it fails, when the named object cannot be called, or when the
    harness does not find how to call it; its `reason` tells these apart.
    """
    found = find(spec, run_all=run_all)
    if found.is_run:
        bound, asks = found.value, _asks(found)
        lacking = str(getattr(found.module, "LACKING", "")) if found.name == "run" else ""
        if isinstance(bound, Run):
            lacking = bound.binding.lacking or lacking
        told = _told(found.left_out)
        return Subject(
            name=spec,
            run=found.value,
            asks=asks,
            knows=_knows(found),
            binding=summary(bound.binding) if isinstance(bound, Run) else (),
            assumed=told,
            lacking=lacking,
        )
    adapted = adapt(found.module, found.name, spec, found.imports)
    if adapted.run is None:
        if (sign := python_2_sign(found.module)) is not None:
            raise SubjectError(f"subject {sign}", Reason.PYTHON_2)
        no_run = "" if found.name else f"{found.place} has no 'run', and "
        raise SubjectError(
            f"subject {spec!r}: {no_run}{adapted.reason}{_left(len(found.left_out))}; "
            "adapt-subject prints what is to be written",
            Reason.NOT_UNDERSTOOD,
        )
    return Subject(
        name=spec,
        run=adapted.run,
        asks=adapted.asks,
        knows=adapted.knows,
        offers=adapted.offers or None,
        binding=adapted.binding,
        uncertain=adapted.uncertain,
        assumed=(*adapted.assumed, *_told(found.left_out)),
        lacking=adapted.lacking,
    )


def _left(count: int) -> str:
    """Return a remark on so many statements that were not executed; empty where there are none."""
    if count == 0:
        return ""
    if count == 1:
        return " (1 statement was not executed: --run-all executes it)"
    return f" ({count} statements were not executed: --run-all executes them)"


def _asks(found: Found) -> dict[str, Any]:
    """Return the options that an adapter can answer, as its CONFIG says."""
    own = getattr(found.module, "CONFIG", {}) if found.name == "run" else {}
    try:
        return checked(getattr(found.value, "CONFIG", own), found.place)
    except ConfigError as error:
        raise SubjectError(str(error)) from error


def _knows(found: Found) -> tuple[str, ...]:
    """Return the options out of the ordinary that OPTIONS, of the function or its module, names."""
    options = getattr(found.value, "OPTIONS", getattr(found.module, "OPTIONS", ()))
    try:
        return known(options, found.place)
    except ConfigError as error:
        raise SubjectError(str(error)) from error


def _told(left_out: Sequence[str]) -> tuple[str, ...]:
    """Return a line for each statement that was not executed; the last one says how to."""
    *others, last = left_out or [""]
    hint = " (--run-all executes all)"
    return tuple(f"{NOT_EXECUTED}{line}" for line in [*others, f"{last}{hint}"]) if last else ()
