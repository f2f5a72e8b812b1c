"""Search: from a module to the best binding of what is in it."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from parity.adapter import names
from parity.adapter.attempts import Failed, attempt
from parity.adapter.binding import Binding
from parity.adapter.running.interpreter import made
from parity.adapter.search.backward.composed import Whole, binding_of
from parity.adapter.search.backward.orientation import oriented
from parity.adapter.search.backward.rates import with_rate, without_strange_steps
from parity.adapter.search.backward.whole import whole
from parity.adapter.search.calling.calls import SIZES, proposals
from parity.adapter.search.calling.static import answers_function, repeats, work
from parity.adapter.search.calling.values import MANNERS, SEVERAL, Manner
from parity.adapter.search.forward.entries import OTHERS, entries
from parity.adapter.search.forward.forwards import Effort, of_object
from parity.adapter.search.forward.functions import of_module
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.forward.objects import Making, makings
from parity.adapter.search.forward.places import forms
from parity.adapter.search.leaves import members
from parity.adapter.search.probe import Probe
from parity.adapter.search.proof import answers, doubts
from parity.adapter.search.trials import NEITHER, Target
from parity.model.coverage import Role

MAKINGS = 40
"""Ways to make an object that are tried, at most."""

KEPT = 3
"""Ways to make an object that are asked, at most."""


def objects(target: Target, probe: Probe) -> list[tuple[Making, Any]]:
    """Return the objects that could be made: those that hold the arrays of a network first."""
    found: list[tuple[Making, Any, float]] = []
    cls = target.cls
    ways = makings(target.name, cls, target.module) if cls is not None else iter(())
    for making in itertools.islice(ways, MAKINGS):
        if found and making.penalty > found[0][0].penalty + 3:
            break
        model = _made(target, probe, making)
        if model is None:
            continue
        found.append((making, model, _worth(probe, model)))
        if not _is_network(probe, model):
            found += _after_setup(target, probe, making, model)
        if len(found) >= 2 and "W_x" not in making.roles and _is_explained(probe, model):
            break
    found.sort(key=lambda one: one[0].penalty - one[2])
    kept = 2 * KEPT if any("W_x" in one[0].roles for one in found) else KEPT
    return [(making, model) for making, model, _ in found[:kept]]


def _made(target: Target, probe: Probe, making: Making) -> Any:
    """Return an object, None where making it raises."""
    binding, case = making.binding(target), probe.case()
    model = attempt(target.module, target.attempts, lambda: made(binding, target.module, case))
    if isinstance(model, Failed):
        target.errors.setdefault(making.text, model.error)
        return None
    return model


def _parts(probe: Probe, model: Any) -> set[str]:
    return {part for leaf in members(model) for form in forms(probe, leaf) for part in form.parts}


def _is_network(probe: Probe, model: Any) -> bool:
    return {"W_x", "W_h"} <= _parts(probe, model)


def _is_explained(probe: Probe, model: Any) -> bool:
    """Return whether an object is a network in which no array has sizes of nothing."""
    axes = probe.axes
    strange = [
        leaf
        for leaf in members(model)
        if leaf.array.ndim == 2 and not {*leaf.array.shape} <= {*axes} and not forms(probe, leaf)
    ]
    by_steps = [leaf for leaf in members(model) if probe.config.steps in leaf.array.shape]
    return _is_network(probe, model) and not strange and not by_steps


def _worth(probe: Probe, model: Any) -> float:
    parts = _parts(probe, model)
    return 4.0 * ("W_h" in parts) + 1.5 * len(parts)


def _after_setup(
    target: Target, probe: Probe, making: Making, model: Any
) -> list[tuple[Making, Any, float]]:
    """Return the object after a call that makes its weights, where there is such a method."""
    found = []
    for entry in entries(model, target.module):
        if not names.is_like(entry.name.rpartition(".")[2], SETUP):
            continue
        for proposal in itertools.islice(
            proposals(entry.name, entry.function, probe.manner, (*SIZES, "lr", "x", "labels")), 4
        ):
            later = replace(
                making, setup=(*making.setup, proposal.text), penalty=making.penalty + 0.3
            )
            other = _made(target, probe, later)
            if other is not None and _is_network(probe, other):
                found.append((later, other, _worth(probe, other)))
                break
    return found


SETUP: names.Words = (
    *(r"_*init(iali[sz]e)?(_.*)?", r"set_?up(_.*)?", r"build(_.*)?", "compile", r"_*create_.*"),
    *(r"_*make_.*", "compute_shapes", r"reset_param.*", "allocate", "prepare"),
)


EFFORTS = (
    Effort(attempts=1200, proposals=150, penalty=1.99),
    Effort(attempts=800, proposals=40, penalty=4.0, loops=True),
    Effort(attempts=600, proposals=300, penalty=5.0),
    Effort(attempts=2000, proposals=600, penalty=12.0),
    Effort(attempts=800, proposals=200, penalty=12.0, loops=True),
)
"""First what names say, in every manner of asking; then what they leave open; then everything."""


def _manners(target: Target, effort: Effort) -> Iterator[Manner]:
    """Yield the manners of asking: two directions come second, where they were seen."""
    for manner in MANNERS:
        yield manner
        if target.several in SEVERAL and manner == MANNERS[0] and not effort.loops:
            yield SEVERAL[target.several]
            target.several = NEITHER
            yield manner


def _efforts(target: Target) -> list[Effort]:
    """Return the efforts in their order; a class without a loop does one step a call."""
    if target.cls is None or repeats(target.cls):
        return list(EFFORTS)
    return sorted(EFFORTS, key=lambda effort: not effort.loops)


def forwards(target: Target) -> Iterator[Forward]:
    """Yield forward passes of a class, or of a module's functions: right ones, or the best one.

    Whoever wants no more stops asking.
    """
    best: Forward | None = None
    told: dict[str, set[str]] = defaultdict(set)
    for effort in _efforts(target):
        for manner in _manners(target, effort):
            right = 0
            for found in _in(target, Probe(manner), effort):
                if best is None or found.rank > best.rank:
                    best = found
                ways, way = told[found.entry.name], str(dict(found.binding.items()))
                if found.is_right and found.answers_most and way not in ways and len(ways) < ALIKE:
                    ways.add(way)
                    right += 1
                    yield found
                    if right == PER_MANNER:
                        break
        if best is not None and (best.evidence >= 30 or not _doubts(target, best)):
            yield best
            if not best.is_right:
                return
    if best is not None:
        yield best


ALIKE = 4
"""Right forward passes of one function that are looked at, at most."""

PER_MANNER = 5
"""Right forward passes of one manner of asking that are looked at, at most."""


def search(target: Target) -> "Found | None":
    """Return the binding of a class or of a module's functions; None without a forward pass.

    Among forward passes that are equally right, the first whose gradients were found is taken.
    """
    best: Found | None = None
    for forward in itertools.islice(forwards(target), TRIED):
        found = whole(target, forward)
        one = Found(whole=found, binding=binding_of(found), doubt=_doubts(target, forward))
        if best is None:
            target.attempts.most = min(target.attempts.most, target.attempts.made + FURTHER)
        if best is None or one.rank > best.rank:
            best = one
        if one.is_settled or not has_more(target, found):
            break
    if best is not None and not best.is_complete and has_more(target, best.whole):
        target.attempts.most += FURTHER
        found = whole(target, best.whole.forward, thorough=True)
        best = replace(best, whole=found, binding=binding_of(found))
    if best is not None:
        found = without_strange_steps(with_rate(target, best.whole))
        best = replace(best, whole=found, binding=binding_of(found))
    if best is not None:
        best = replace(best, binding=oriented(target, best.whole, best.binding))
    return best


TRIED = 12
"""Right forward passes whose gradients are asked for, at most."""

FURTHER = 3000
"""Attempts after the first forward pass, at most; and of a thorough search for its gradients."""


def has_more(target: Target, found: Whole) -> bool:
    """Return whether the code has a function that computes gradients, or whose name may say so."""
    session = found.forward.outcome.session
    owner = session.model if target.cls is not None else target.module
    return any(
        _says_gradients(entry.name.rpartition(".")[2])
        or answers_function(entry.function)
        or work(entry.function) & {Role.GRADIENTS, Role.STEP}
        for entry in entries(owner, target.module)
    )


def _says_gradients(name: str) -> bool:
    """Return whether a name says that a function goes back, or that it may: it says nothing."""
    if names.is_like(name, (*names.BACKWARD, *names.TRAIN, *names.LOSS)):
        return not names.is_like(name, names.STEP)
    said = (*names.FORWARD, *names.RESET, *names.MAKER, *names.STEP, *names.UPDATE, *OTHERS)
    return not name.startswith("_") and not names.is_like(name, said)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result of a search: a binding, and how certain it is."""

    whole: Whole
    binding: Binding
    doubt: str  # why it is not certain that the forward pass was asked rightly; empty: it is

    @property
    def is_complete(self) -> bool:
        """Whether there are gradients, or steps."""
        return self.whole.main is not None

    @property
    def is_settled(self) -> bool:
        """Whether some of its gradients, or its loss, are right: nothing better is looked for.

        Else another way of asking may be the author's: one row, where a batch was handed over.
        """
        loss, main = self.whole.loss, self.whole.main
        loss_is_right = loss is not None and loss.loss_is_right
        return main is not None and (main.evidence > 0 or loss_is_right)

    @property
    def is_certain(self) -> bool:
        """Whether it is certain that the forward pass was asked rightly."""
        return self.whole.forward.evidence >= 20 or not self.doubt

    @property
    def rank(self) -> tuple[float, ...]:
        """What decides between two: what is certain, what is complete, and what is right."""
        main = self.whole.main
        evidence = 0.0 if main is None else main.evidence
        return self.is_certain, self.is_complete, evidence, *self.whole.forward.rank


def _doubts(target: Target, found: Forward) -> str:
    roles = [value.role for value in found.proposal.arguments.values()]
    if roles.count("x") > 1:
        return "x is handed over twice"
    unplaced = f"`{found.unplaced}` is read as well, and is no parameter" if found.unplaced else ""
    return unplaced or doubts(target, answers(found.binding, found.seen), found.case)


def _in(target: Target, probe: Probe, effort: Effort) -> Iterator[Forward]:
    if target.cls is None:
        yield from of_module(target, probe, effort)
        return
    for making, model in objects(target, probe):
        if probe.manner.data == "vocabulary" and {"features", "classes"} <= making.roles:
            continue  # it tells them apart
        yield from of_object(target, probe, making, model, effort)
