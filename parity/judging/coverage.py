"""Coverage: which of a subject's own lines a verdict covers, and what it leaves out.

A function is left out when it has never run, and no function that has run leads to it: then no
configuration would reach it. A verdict without one that computes a loss, gradients or a step is
incomplete, and so is one whose only loss or step stands in a branch that was not taken. Other lines
that have not run are only mentioned.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from parity.execution.coverage import Record
from parity.execution.process import recorded
from parity.model.coverage import Coverage, NotJudged, Role, ranges
from parity.model.finding import Finding, Misbehaviour
from parity.model.verdict import Verdict
from parity.subjects.parts import Part, parts
from parity.subjects.reach import reached_from
from parity.subjects.roles import is_other_cell, is_other_layer, is_other_rule
from parity.subjects.subject import Subject

SHORT = 4
"""Statements of a helper that several networks of a file may share, at most."""

_QUIET = ("__init__", "__repr__", "__str__", "__post_init__", "__len__")
"""Methods that are not worth a word when they have not run."""


def covered(verdict: Verdict, subject: Subject) -> Verdict:
    """Return the verdict with the lines that all questions to `subject` so far have covered.

    One that agrees is INCOMPLETE where a loss, gradients or a step were not judged.
    """
    coverage = coverage_of(recorded(subject))
    if coverage is None:
        return verdict
    found = incomplete(coverage)
    if found is None or not verdict.passed:
        return replace(verdict, coverage=coverage)
    return replace(verdict, coverage=coverage, findings=(*verdict.findings, found))


def incomplete(coverage: Coverage | None) -> Finding | None:
    """Return the finding of a verdict that leaves out a loss, gradients or a step."""
    if coverage is None or not coverage.grave:
        return None
    names = ", ".join(map(str, coverage.grave))
    held = [role for role in Role if any(role in part.roles for part in coverage.grave)]
    why = f"never executed, though {'they compute' if len(coverage.grave) > 1 else 'it computes'}"
    what = " and ".join(filter(None, [", ".join(held[:-1]), *held[-1:]]))
    text = f"not judged: {names}: {why} {what}"
    return Finding(kind=Misbehaviour.INCOMPLETE, text=text)


def coverage_of(record: Record | None) -> Coverage | None:
    """Return the coverage of everything that was asked; None where nothing was recorded."""
    if record is None or not record.executed:
        return None
    functions = tuple(_last_defined(list(_functions(record))))
    values = {n: used for s in record.sources for n, used in parts(s.text).values.items()}
    ran = [f.part for f in functions if f.executed]
    reached = reached_from(ran, [f.part for f in functions], values)
    own = [f for f in functions if f.counts or f.executed]
    return Coverage(
        files=tuple(dict.fromkeys(_file(f.file) for f in own)),
        executed=sum(len(f.executed) for f in own),
        executable=sum(len(f.part.statements) for f in own),
        not_judged=tuple(_left_out(own, reached)),
    )


@dataclass(frozen=True, kw_only=True)
class _Function:
    """A function of a source, and those of its statements that have run."""

    file: str
    part: Part
    executed: tuple[frozenset[int], ...]
    counts: bool  # whether it belongs to the subject even where it has not run


def _functions(record: Record) -> Iterator[_Function]:
    for source in record.sources:
        ran = record.executed.get(source.file, set())
        for part in parts(source.text).functions:
            yield _Function(
                file=source.file,
                part=part,
                executed=tuple(lines for lines in part.statements if lines & ran),
                counts=source.names is None or _top(part) in source.names,
            )


def _last_defined(functions: list[_Function]) -> Iterator[_Function]:
    """Yield functions without those whose name, or class, the same file defines again later."""
    last = {(_file(f.file), _top(f.part)): (f.file, f.part.block) for f in functions}
    for function in functions:
        if last[_file(function.file), _top(function.part)] == (function.file, function.part.block):
            yield function


def _top(part: Part) -> str:
    return part.name.partition(".")[0]


# -- what is left out ------------------------------------------------------------------------------


def _left_out(functions: list[_Function], reached: frozenset[str]) -> Iterator[NotJudged]:
    apart, done = _apart(functions), _computed(functions)
    ran = {f.part.owner for f in functions if f.executed}
    times = Counter(f.part.own_name for f in functions)
    for function in functions:
        part = function.part
        short = part.owner in ran and times[part.own_name] == 1
        name = part.own_name if short else part.name
        if not part.statements or part.own_name in _QUIET:
            continue
        if function.executed:
            yield from _branches(function, name, done)
        else:
            yield NotJudged(
                name=name,
                file=function.file,
                lines=((part.first, part.last),),
                roles=part.roles,
                reason=_reason(part, reached, apart),
            )


def _branches(function: _Function, name: str, done: set[Role]) -> Iterator[NotJudged]:
    """Yield the lines of a function that has run which have not.

    They compute a loss, or a step, where no line that has run does: an option of it is no more.
    """
    missing = [lines for lines in function.part.statements if lines not in function.executed]
    held = {role for lines in missing for role in function.part.pieces.get(lines, ())}
    if missing:
        yield NotJudged(
            name=name,
            file=function.file,
            lines=ranges(line for lines in missing for line in lines),
            whole=False,
            roles=tuple(role for role in Role if role in held - done),
        )


def _computed(functions: list[_Function]) -> set[Role]:
    """Return the roles of statements that have run."""
    return {
        role
        for function in functions
        for lines in function.executed
        for role in function.part.pieces.get(lines, ())
    }


def _reason(part: Part, reached: frozenset[str], apart: Mapping[str, str]) -> str:
    """Return why a verdict is complete without a function that computes something."""
    names = (part.own_name, part.owner)
    if not part.roles:
        return ""
    if part.name in reached:
        return "for other configurations"
    if any(map(is_other_rule, names)):
        return "another rule than SGD"
    if any(map(is_other_cell, names)):
        return "another network"
    return apart.get(part.owner or part.own_name, "")


def _apart(functions: list[_Function]) -> dict[str, str]:
    """Return the classes, and functions, that never ran and have nothing to do with what ran.

    Nothing of the file uses them together with a class or function that has run. Each has a word
    for what it is: a network has its own backward pass through time, a layer one at all.
    """
    ran = {f.part.owner or f.part.own_name for f in functions if f.executed and not _helps(f.part)}
    units: dict[str, list[Part]] = {}
    for function in functions:
        units.setdefault(function.part.owner or function.part.own_name, []).append(function.part)
    users = {name: set().union(*map(_uses, own)) | {name} for name, own in units.items()}
    together = set().union(*(names for names in users.values() if names & ran))
    apart = {name: own for name, own in units.items() if name not in together}
    return {name: word for name, own in apart.items() if (word := _word_for(name, own))}


def _helps(part: Part) -> bool:
    """Return whether this is a short function, such as a softmax, that unrelated code shares."""
    return not part.owner and not part.roles and len(part.statements) <= SHORT


def _uses(part: Part) -> set[str]:
    """Return the classes and functions that a function uses, and those above its class."""
    return {name.partition(".")[0] for name in part.uses} | {*part.bases}


def _word_for(name: str, own: list[Part]) -> str:
    held = {role for part in own for role in part.roles}
    if Role.GRADIENTS in held and len(own) > 2 and any(map(_is_through_time, own)):
        return "another network"
    is_class = any(part.owner for part in own)
    if held == {Role.GRADIENTS} and (is_class or is_other_layer(name)):
        return "another layer"
    return ""


def _is_through_time(part: Part) -> bool:
    return Role.GRADIENTS in part.roles and {"range", "reversed"} & part.uses != set()


def _file(shown: str) -> str:
    """Return the file of a source: the notebook of a cell."""
    return shown.partition(", cell ")[0].rpartition("/")[2]
