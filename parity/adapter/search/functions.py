"""Functions: forward passes that are handed their weights, or find them in globals."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from parity.adapter import names
from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call
from parity.adapter.search.calls import Proposal, is_required, parameters, proposals
from parity.adapter.search.forwards import ROLES, Effort, Entry, Forward, entries, judged
from parity.adapter.search.keys import (
    globals_read,
    of_places,
    shapes_of,
    sizes_among,
    weights_among,
)
from parity.adapter.search.loops import started
from parity.adapter.search.places import PARAMETERS, Hypothesis
from parity.adapter.search.probe import Probe
from parity.adapter.search.static import keys_of
from parity.adapter.search.trials import Target, tried
from parity.adapter.search.values import Value

NO_WEIGHTS = Hypothesis(places={}, leaves={})


def of_module(target: Target, probe: Probe, effort: Effort) -> Iterator[Forward]:
    """Yield the forward passes among a module's functions."""
    budget = target.attempts.made + effort.attempts
    if effort.loops:
        yield from _looped(target, probe, effort, budget)
        return
    queue: list[tuple[float, Entry, Proposal, Hypothesis, Binding]] = []
    for entry in entries(target.module, target.module):
        queue += list(_ways(target, probe, entry, effort))
    queue.sort(key=lambda way: way[0])
    known: set[tuple[str, str]] = set()
    for penalty, entry, proposal, hypothesis, binding in queue:
        if target.attempts.made > budget or not target.attempts.left:
            return
        if (key := (proposal.text, str(hypothesis.places))) in known:
            continue
        known.add(key)
        start = {} if "h_0" in proposal.roles else {"initial": "zero"}
        if not ({"b"} & (proposal.roles | set(hypothesis.places))):
            start |= {"bias": "zero"}
        full = replace(
            binding,
            parameters={**binding.parameters, **hypothesis.places},
            calls={"forward": Call(expression=proposal.text)},
            config=start,
        )
        first = tried(target, full, probe.case(**start), title=proposal.text)
        if isinstance(first, Failed):
            continue
        yield from judged(
            target, probe, full, entry, proposal,
            leaves=hypothesis.leaves, penalty=penalty, both=True,
        )  # fmt: skip


def _looped(target: Target, probe: Probe, effort: Effort, budget: int) -> Iterator[Forward]:
    """Yield forward passes that call a cell at every step."""
    bare = Binding(tensors=target.tensors)
    for entry in entries(target.module, target.module):
        if not _may_be_handed(entry.function):
            continue
        for proposal, binding in started(
            target, probe, bare, entry.name, entry.function, PARAMETERS, most=effort.proposals
        ):
            if target.attempts.made > budget:
                return
            if {"W_x", "W_h"} <= proposal.roles:
                config = {} if "b" in proposal.roles else {"bias": "zero"}
                penalty = entry.penalty + proposal.penalty + 1.0
                yield from judged(
                    target, probe, replace(binding, config=config), entry, proposal,
                    leaves={}, penalty=penalty, both=True,
                )  # fmt: skip


def _ways(
    target: Target, probe: Probe, entry: Entry, effort: Effort
) -> Iterator[tuple[float, Entry, Proposal, Hypothesis, Binding]]:
    function = entry.function
    dictionaries = {
        p.name: keys
        for p in parameters(function)
        if len(keys := keys_of(target.module, function, p.name)) >= 3
    }
    read = globals_read(target.module, [function])
    held = weights_among(target.module, read)
    given = {name: [Value(text=name, role="parameters")] for name in dictionaries}
    handed = {names.role(p.name, names.WEIGHTS) for p in parameters(function) if is_required(p)}
    if {"W_x", "W_h"} <= handed:
        dictionaries, held, given = {}, [], {}
    roles = (*ROLES, *(() if dictionaries or len(held) >= 3 else PARAMETERS))
    values = {n: f"[None] * {len(k)}" if 0 in k else "{}" for n, k in dictionaries.items()}
    binding = Binding(values=values, tensors=target.tensors)
    sizes = sizes_among(target.module, read, _sizes_said(target, held))
    binding = replace(binding, parameters=sizes)
    if dictionaries:
        places = [
            (named, f"{n}[{key!r}]")
            for n, keys in dictionaries.items()
            for key, named in keys.items()
        ]
        hypotheses = list(itertools.islice(of_places(places), 200))
    elif len(held) >= 3:
        hypotheses = list(itertools.islice(of_places(held, shapes_of(target.module, held)), 200))
    else:
        hypotheses = [NO_WEIGHTS]
        if not _may_be_handed(function):
            return
    proposed = proposals(entry.name, function, probe.manner, roles, given=given)
    for proposal in effort.of(proposed):
        if "x" not in proposal.roles:
            continue
        if hypotheses == [NO_WEIGHTS] and not {"W_x", "W_h"} <= proposal.roles:
            continue
        for hypothesis in hypotheses:
            penalty = entry.penalty + proposal.penalty + hypothesis.penalty
            penalty += _mixture(proposal, hypothesis)
            if penalty <= entry.penalty + effort.penalty:
                yield penalty, entry, proposal, hypothesis, binding


def _mixture(proposal: Proposal, hypothesis: Hypothesis) -> float:
    """Return the cost of rows beside columns: x as rows, and weights for columns."""
    texts = [v.text for v in proposal.arguments.values() if v.role in ("W_x", "W_h")]
    texts += [hypothesis.places[n] for n in ("W_x", "W_h") if n in hypothesis.places]
    turned = sum(text.endswith(".T") for text in texts) > 1
    x = next((v.text for v in proposal.arguments.values() if v.role == "x"), "")
    columns = x in COLUMNS
    if x.startswith(("ids", "list(ids")):
        return 0.0
    if turned and columns:
        return -1.5
    return 1.0 * (turned != columns)


COLUMNS = ("x.T", "x.transpose(2, 0, 1)", "x.transpose(1, 2, 0)", "x.swapaxes(1, 2)", "x[0].T",
           "list(x.transpose(1, 2, 0))", "list(x[0][:, :, None])", "x[0][:, :, None]")  # fmt: skip
"""Layouts of x in which one step is a column, or a matrix of columns."""


def _may_be_handed(function: object) -> bool:
    """Return whether a function has enough parameters for an input and two weights."""
    wanted = parameters(function)
    named = [names.role(p.name, names.WEIGHTS) for p in wanted]
    return sum(is_required(p) for p in wanted) >= 3 or len([n for n in named if n]) >= 2


def _sizes_said(target: Target, held: Sequence[tuple[str, str]]) -> dict[int, str]:
    """Return which size a number is, as the globals' own shapes say it."""
    shapes = {}
    for name, place in held:
        role = names.role(name, names.WEIGHTS)
        value = vars(target.module).get(place)
        if role and value is not None:
            shapes[role] = value.shape
    found: dict[int, str] = {}
    if "W_h" in shapes:
        found[shapes["W_h"][0]] = "hidden"
    for role, other in (("W_x", "features"), ("W_out", "classes")):
        rest = [n for n in shapes.get(role, ()) if n not in found]
        if rest:
            found.setdefault(rest[0], other)
    return found
