"""Functions: forward passes that are handed their weights, or find them in globals."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call
from parity.adapter.search.calling.calls import Proposal, proposals
from parity.adapter.search.forward.entries import Entry, entries
from parity.adapter.search.forward.forwards import Effort, lacks_bias
from parity.adapter.search.forward.judged import Forward, judged
from parity.adapter.search.forward.loops import started
from parity.adapter.search.forward.places import PARAMETERS, Hypothesis
from parity.adapter.search.forward.sources import may_be_handed, sources
from parity.adapter.search.probe import Probe
from parity.adapter.search.trials import Target, tried


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
    hopeless, asked = Hopeless(), set[str]()
    for penalty, entry, proposal, hypothesis, binding in queue:
        if target.attempts.made > budget or not target.attempts.left:
            return
        full = _asking(proposal, hypothesis, binding)
        key = f"{probe.manner} {[*full.items()]}"
        if key in asked or key in target.failed or entry.name in hopeless.names:
            continue
        asked.add(key)
        first = tried(target, full, probe.case(**full.config), title=proposal.text)
        if isinstance(first, Failed):
            target.failed.add(key)
            hopeless.add(entry.name, first.error)
            continue
        hopeless.reset(entry.name)
        yield from judged(
            target, probe, full, entry, proposal,
            leaves=hypothesis.leaves, penalty=penalty, both=True,
        )  # fmt: skip


def _asking(proposal: Proposal, hypothesis: Hypothesis, binding: Binding) -> Binding:
    """Return the whole binding of a call, with the options that it supports."""
    start = {} if "h_0" in proposal.roles else {"initial": "zero"}
    if lacks_bias(proposal.roles | {*hypothesis.places}):
        start |= {"bias": "zero"}
    return replace(
        binding,
        parameters={**binding.parameters, **hypothesis.places},
        calls={"forward": Call(expression=proposal.text)},
        config=start,
    )


class Hopeless:
    """Functions that lack something which no argument can give them."""

    SAME = 12
    """Calls that may all raise the error of one missing name, from the first on."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._errors: dict[str, list[str]] = {}

    def add(self, name: str, error: BaseException) -> None:
        """Count an error; other errors between show that arguments make a difference."""
        cause = error.__cause__ or error
        same = self._errors.setdefault(name, [])
        same.append(repr(cause) if isinstance(cause, (NameError, ImportError)) else "")
        if len(same) == self.SAME and same[0] and len({*same}) == 1:
            self.names.add(name)

    def reset(self, name: str) -> None:
        """Note that a call has returned: the function is not left any more."""
        self._errors.setdefault(name, []).append("")


def _looped(target: Target, probe: Probe, effort: Effort, budget: int) -> Iterator[Forward]:
    """Yield forward passes that call a cell at every step."""
    bare = Binding(tensors=target.tensors)
    for entry in entries(target.module, target.module):
        if not may_be_handed(entry.function):
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
    """Yield calls of a function with every reading of its weights, those first that cost little."""
    for source in sources(target, entry):
        proposed = proposals(
            entry.name, entry.function, probe.manner, source.roles, given=source.given
        )
        hypotheses = source.hypotheses
        turned = [_turned(h.places[n] for n in ("W_x", "W_h") if n in h.places) for h in hypotheses]
        for place, proposal in enumerate(effort.of(proposed)):
            if "x" not in proposal.roles:
                continue
            if not source.has_weights and not {"W_x", "W_h"} <= proposal.roles:
                continue
            handed = _turned(v.text for v in proposal.arguments.values() if v.role in MATRICES)
            x = next(v.text for v in proposal.arguments.values() if v.role == "x")
            for other in range(min(len(hypotheses), WAYS // (place + 1) + 1)):
                hypothesis = hypotheses[other]
                penalty = entry.penalty + proposal.penalty + hypothesis.penalty
                penalty += _mixture(x, handed + turned[other])
                if penalty <= entry.penalty + effort.penalty:
                    yield penalty, entry, proposal, hypothesis, source.binding(other)


WAYS = 4000
"""Pairs of a call and a reading of the weights, for one function, at most about."""

MATRICES = ("W_x", "W_h")


def _turned(texts: Iterable[str]) -> int:
    return sum(text.endswith(".T") for text in texts)


def _mixture(x: str, turned: int) -> float:
    """Return the cost of rows beside columns: x as rows, and weights for columns."""
    if x.startswith(("ids", "list(ids")):
        return 0.0
    columns = x in COLUMNS
    if turned > 1 and columns:
        return -1.5
    return 1.0 * ((turned > 1) != columns)


COLUMNS = ("x.T", "x.transpose(2, 0, 1)", "x.transpose(1, 2, 0)", "x.swapaxes(1, 2)", "x[0].T",
           "list(x.transpose(1, 2, 0))", "list(x[0][:, :, None])", "x[0][:, :, None]")  # fmt: skip
"""Layouts of x in which one step is a column, or a matrix of columns."""
