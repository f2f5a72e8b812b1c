"""Directions: a network that always has two of them, each with weights of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.adapter.expressions import evaluate
from parity.adapter.interpreter import Session
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import Probe
from parity.adapter.search.templates import of_directions
from parity.adapter.search.trials import Outcome
from parity.model.cell import Cell


def is_wide(probe: Probe, outcome: Outcome) -> bool:
    """Return whether an array has an axis of the states of two directions, side by side."""
    leaves = [*outcome.returned, *outcome.held]
    return any(2 * probe.config.hidden in leaf.array.shape for leaf in leaves)


def joined(session: Session, leaves: Sequence[Leaf]) -> Mapping[str, Leaf]:
    """Return the arrays that both directions have: the first one's own text, and both in one.

    Both are among `leaves`. The direction that is held first is taken for the one from the first
    step to the last.
    """
    found: dict[str, Leaf] = {}
    others: set[int] = set()
    firsts = [_at(session, leaf.text, reverse=False) for leaf in leaves]
    among = {id(first) for first in firsts}
    for leaf, first in zip(leaves, firsts, strict=True):
        if first is None or id(first) in others:
            continue
        for text in of_directions(leaf.text, session.value):
            one, two = (_at(session, text, reverse=reverse) for reverse in (False, True))
            if one is first and two is not None and two is not first and id(two) in among and _alike(one, two):
                found[leaf.text] = Leaf(text=text, array=leaf.array)
                others.add(id(two))
                break
    return found


def _alike(one: Any, two: Any) -> bool:
    first, second = borders.as_array(one), borders.as_array(two)
    return first is not None and second is not None and np.shape(first) == np.shape(second)


def _at(session: Session, text: str, *, reverse: bool) -> Any:
    try:
        return evaluate(text, session.scope_of(Cell(layer=0, reverse=reverse)))
    except Exception:  # noqa: BLE001 - whatever somebody's object raises
        return None
