"""Loops: cells that do one step a call; the binding calls them at every step.

One step is tried first; what it returns, or what it has changed in its object, shows where the
state is. Then the whole loop is a forward pass like any other.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call, Loop
from parity.adapter.search.calling.calls import Proposal, proposals
from parity.adapter.search.calling.values import ROW_STARTS, STARTS
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.probe import Probe
from parity.adapter.search.trials import Outcome, Target, tried
from parity.adapter.shapes import recognised

ROLES = ("x_t", "h_t")


def started(
    target: Target, probe: Probe, binding: Binding, name: str, function: Callable[..., Any],
    more: Sequence[str] = (), most: int = 60,
) -> Iterator[tuple[Proposal, Binding]]:  # fmt: skip
    """Yield loops over a function: a step, and the binding with the whole loop."""
    for proposal in itertools.islice(
        proposals(name, function, probe.manner, (*ROLES, *more)), most
    ):
        if "x_t" not in proposal.roles or not target.attempts.left:
            continue
        starts = ROW_STARTS if probe.manner.one_row else STARTS
        for start in starts if "h_t" in proposal.roles else ("",):
            values = {**binding.values, **({"h": start} if start else {})}
            once = replace(
                binding,
                values={"t": "0", **values},
                calls={"forward": Call(expression=proposal.text)},
            )
            outcome = tried(target, once, probe.case(**binding.config))
            if isinstance(outcome, Failed):
                continue
            for call, state in _loops(probe, proposal, outcome):
                looped = replace(binding, values=values, calls={"forward": call})
                if state:
                    looped = replace(looped, parameters={**looped.parameters, "h_0": state})
                yield proposal, looped


def _loops(probe: Probe, proposal: Proposal, outcome: Outcome) -> Iterator[tuple[Call, str]]:
    """Yield the calls that carry the state from step to step, and the place of a held state."""
    value = outcome.session.values.get("out")
    if "h_t" in proposal.roles:
        for leaf in outcome.returned:
            if not _is_state(probe, leaf):
                continue
            if leaf.text == "out":
                yield Call(expression=proposal.text, targets=("h",), loop=Loop.FORWARD), ""
            elif (
                isinstance(value, (tuple, list))
                and leaf.text.count("[") == 1
                and leaf.text.startswith("out[")
            ):
                place = int(leaf.text[4:-1])
                targets = tuple("h" if i == place else f"out_{i}" for i in range(len(value)))
                yield Call(expression=proposal.text, targets=targets, loop=Loop.FORWARD), ""
        return
    for leaf in outcome.held:
        if outcome.has_changed(leaf):
            for text in recognised(leaf.text, leaf.array.shape, "NH", probe.axes):
                known = leaf.text in outcome.before
                yield Call(expression=proposal.text, loop=Loop.FORWARD), text if known else ""
                return


def _is_state(probe: Probe, leaf: Leaf) -> bool:
    """Return whether an array has the shape of one step's states."""
    return any(True for _ in recognised(leaf.text, leaf.array.shape, "NH", probe.axes))
