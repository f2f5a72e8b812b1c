"""Several: a network that always has two layers or directions, each with weights of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from parity.adapter import borders
from parity.adapter.expressions import evaluate
from parity.adapter.running.session import Session
from parity.adapter.search.calling.values import SEVERAL
from parity.adapter.search.forward.templates import of_directions, of_layers
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import Probe
from parity.adapter.search.trials import Outcome
from parity.model.cell import Cell


def always(probe: Probe, outcome: Outcome, live: Sequence[Leaf]) -> str:
    """Return the option of which a network always has two: `bidirectional` or `layers`, or none.

    States of two directions stand side by side; of two layers, the second reads the first's.
    """
    leaves = [*outcome.returned, *outcome.held]
    if any(2 * probe.config.hidden in leaf.array.shape for leaf in leaves):
        return "bidirectional"
    pairs = joined(replace(probe, manner=SEVERAL["layers"]), outcome.session, live)
    shapes = {pair.array.shape for pair in pairs.values()}
    f, h = probe.config.features, probe.config.hidden
    return "layers" if (h, h) in shapes and shapes & {(f, h), (h, f)} else ""


def joined(probe: Probe, session: Session, leaves: Sequence[Leaf]) -> Mapping[str, Leaf]:
    """Return the arrays that both layers or directions have: the first one's text, and both in one.

    Both are among `leaves`. The direction that is held first is taken for the one from the first
    step to the last.
    """
    found: dict[str, Leaf] = {}
    others: set[int] = set()
    cells = _cells(probe)
    firsts = [_at(session, leaf.text, cells[0]) for leaf in leaves]
    among = {id(first) for first in firsts}
    for leaf, first in zip(leaves, firsts, strict=True):
        if first is None or id(first) in others:
            continue
        for text in _templates(probe, leaf.text, session):
            one, two = (_at(session, text, cell) for cell in cells)
            is_other = two is not None and two is not first and id(two) in among
            if one is first and is_other and _alike(probe, one, two):
                found[leaf.text] = Leaf(text=text, array=leaf.array)
                others.add(id(two))
                break
    return found


def _cells(probe: Probe) -> tuple[Cell, Cell]:
    return Cell(), Cell(reverse=True) if probe.manner.both else Cell(layer=1)


def _templates(probe: Probe, text: str, session: Session) -> Iterator[str]:
    yield from of_directions(text, session.value) if probe.manner.both else of_layers(text)


def _alike(probe: Probe, one: Any, two: Any) -> bool:
    """Return whether two arrays are the same weight, of two cells; a second layer reads states."""
    first, second = borders.as_array(one), borders.as_array(two)
    if first is None or second is None:
        return False
    config = probe.config
    reads = {config.features: config.hidden} if probe.manner.layers > 1 else {}
    return tuple(reads.get(size, size) for size in first.shape) == second.shape


def _at(session: Session, text: str, cell: Cell) -> Any:
    try:
        return evaluate(text, session.scope_of(cell))
    except Exception:  # noqa: BLE001 - whatever somebody's object raises
        return None
