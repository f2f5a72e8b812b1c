"""Left out: the functions and branches of a subject that never ran, and whether that matters."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parity.model.coverage import NotJudged, Role, ranges
from parity.subjects.parts import Part
from parity.subjects.roles import is_other_cell, is_other_layer, is_other_rule

SHORT = 4
"""Statements of a helper that several networks of a file may share, at most."""

_QUIET = ("__init__", "__repr__", "__str__", "__post_init__", "__len__")
"""Methods that are not worth a word when they have not run."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of a source, and those of its statements that have run."""

    file: str
    part: Part
    executed: tuple[frozenset[int], ...]
    counts: bool  # whether it belongs to the subject even where it has not run


def left_out(functions: list[Function], reached: frozenset[str]) -> Iterator[NotJudged]:
    """Yield the functions that never ran, and of the others the lines that did not.

    reached: the names of the functions that those which ran lead to.
    """
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


def _branches(function: Function, name: str, done: set[Role]) -> Iterator[NotJudged]:
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


def _computed(functions: list[Function]) -> set[Role]:
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


def _apart(functions: list[Function]) -> dict[str, str]:
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
