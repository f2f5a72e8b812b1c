"""Coverage: which of a subject's own lines a verdict covers, and what it leaves out.

A function is left out when it has never run, and no function that has run leads to it: then no
configuration would reach it. A verdict without one that computes a loss, gradients or a step is
incomplete, and so is one whose only loss or step stands in a branch that was not taken. Other lines
that have not run are only mentioned.
"""

from collections.abc import Iterator
from dataclasses import replace

from parity.execution.coverage import Record
from parity.execution.process import recorded
from parity.judging.left_out import Function, left_out
from parity.model.coverage import Coverage, Role
from parity.model.finding import Finding, Misbehaviour
from parity.model.verdict import Verdict
from parity.subjects.parts import Part, parts
from parity.subjects.reach import reached_from
from parity.subjects.subject import Subject


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
        not_judged=tuple(left_out(own, reached)),
    )


def _functions(record: Record) -> Iterator[Function]:
    for source in record.sources:
        ran = record.executed.get(source.file, set())
        for part in parts(source.text).functions:
            yield Function(
                file=source.file,
                part=part,
                executed=tuple(lines for lines in part.statements if lines & ran),
                counts=source.names is None or _top(part) in source.names,
            )


def _last_defined(functions: list[Function]) -> Iterator[Function]:
    """Yield functions without those whose name, or class, the same file defines again later."""
    last = {(_file(f.file), _top(f.part)): (f.file, f.part.block) for f in functions}
    for function in functions:
        if last[_file(function.file), _top(function.part)] == (function.file, function.part.block):
            yield function


def _top(part: Part) -> str:
    return part.name.partition(".")[0]


def _file(shown: str) -> str:
    """Return the file of a source: the notebook of a cell."""
    return shown.partition(", cell ")[0].rpartition("/")[2]
