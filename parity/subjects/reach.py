"""Reach: the functions to which functions that have run lead, by the names that they use."""

from collections.abc import Iterator, Mapping, Sequence

from parity.subjects.parts import Part

MAKERS = ("__init__", "__post_init__", "__new__")
"""Methods that run when an object is made, and so perhaps before any question."""


def reached_from(
    ran: Sequence[Part], every: Sequence[Part], values: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """Return the names of the functions that those which `ran` lead to, directly or not.

    A method of an object is reached where a function that is reached names its class too.
    values: the names that stand in the value of each name of a module.
    """
    classes = {part.owner: part.bases for part in every if part.owner}
    made = {part.owner for part in ran if part.owner}
    left = [*ran, *(part for part in every if part.owner in made and part.own_name in MAKERS)]
    used, reached = set[str](), set[str]()
    while left:
        reached |= {part.name for part in left}
        used |= _named([name for part in left for name in part.uses], values, classes)
        left = [part for part in every if part.name not in reached and _is_used(part, used)]
    return frozenset(reached)


def _named(
    names: list[str], values: Mapping[str, frozenset[str]], classes: Mapping[str, tuple[str, ...]]
) -> set[str]:
    """Return names, with those in the values of a module's names, and of classes above or below."""
    left, found = list(names), set[str]()
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [*values.get(name, ()), *_inherited(name, classes)]
    return found


def _is_used(part: Part, used: set[str]) -> bool:
    if not part.owner:
        return part.own_name in used
    if f"{part.owner}.{part.own_name}" in used:
        return True
    return part.owner in used and (f".{part.own_name}" in used or part.own_name.startswith("__"))


def _inherited(name: str, classes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the same method of the classes above and below."""
    owner, dot, method = name.partition(".")
    if not (owner and dot):
        return
    for other, bases in classes.items():
        if owner in bases:
            yield f"{other}.{method}"
    for base in classes.get(owner, ()):
        if base in classes:
            yield f"{base}.{method}"
