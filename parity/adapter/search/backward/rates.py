"""Rates: which argument of a constructor is the learning rate, where no name says so.

A step of any size shows it: handed our rate, the right argument makes the steps right.
"""

from collections.abc import Iterator
from dataclasses import replace

from parity.adapter.attempts import Failed
from parity.adapter.expressions import names_in
from parity.adapter.search.backward.composed import Whole
from parity.adapter.search.backward.updates import right_moves
from parity.adapter.search.backward.whole import whole
from parity.adapter.search.calling.calls import is_required, parameters
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.trials import Target, tried

TRIED = 3
"""Arguments that are tried, at most."""


def with_rate(target: Target, found: Whole) -> Whole:
    """Return the calls of an object that is made with our rate, where its steps are right then."""
    if target.cls is None or not _has_another_rate(found):
        return found
    for forward in _made_with_rate(target, found.forward):
        other = whole(target, forward)
        step = other.update or other.train
        if step is not None and right_moves(step):
            return other
    return found


def _has_another_rate(found: Whole) -> bool:
    """Return whether there are steps, none of them right, and nothing has been handed our rate."""
    step = found.update or found.train
    if step is None or not step.moved or right_moves(step):
        return False
    return "lr" not in names_in(step.binding.make) | names_in(step.proposal.text)


def _made_with_rate(target: Target, forward: Forward) -> Iterator[Forward]:
    """Yield the forward pass with our rate as one of the numbers that have a default."""
    make = forward.binding.make
    numbers = [
        p.name
        for p in parameters(target.cls)
        if not is_required(p) and type(p.default) is float and f"{p.name}=" not in make
    ]
    for name in numbers[:TRIED]:
        binding = replace(forward.binding, make=f"{make[:-1]}, {name}=lr)")
        outcome = tried(target, binding, forward.case)
        if not isinstance(outcome, Failed):
            yield replace(forward, binding=binding, outcome=outcome)
