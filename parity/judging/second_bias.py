"""Second bias: what the arrays of a subject with two biases, as nn.RNN has them, are compared with.

A reference has one bias, the sum of both. The gradient by either is the gradient by the sum, and
each bias steps from its own share of the case's bias.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from parity.model.biases import shares
from parity.model.case import Array, Case
from parity.model.comparison import Comparison, Status
from parity.model.names import ArrayName, gradient_name, second_bias, step_name
from parity.model.trace import Trace
from parity.model.verdict import Verdict
from parity.reference.base import Exact, Floor

NOT_PLAIN = "the steps of two biases are compared where the step is w - lr * gradient"


T = TypeVar("T")


def has_second_bias(trace: Trace) -> bool:
    """Return whether a subject answers arrays of a second bias."""
    return any(ArrayName.parse(name).is_second_bias for name in trace)


def stepping_from(case: Case, subject: Trace) -> dict[str, Array]:
    """Return every parameter before the step: of two biases that step, each one's own share."""
    found = dict(case.parameters)
    for name, array in case.parameters.items():
        second = second_bias(name)
        if ArrayName.parse(name).quantity == "b" and step_name(1, second) in subject:
            found[name], found[second] = shares(array)
    return found


def with_second_bias(case: Case, subject: Trace, reference: Trace) -> Trace:
    """Return the reference's trace, and behind each array of b that of a second bias, if asked."""
    if not has_second_bias(subject):
        return reference
    found: dict[str, Array] = {}
    weights = stepping_from(case, subject)
    for text, array in reference.items():
        name = ArrayName.parse(text)
        pair = (text, str(replace(name, quantity="b_hh"))) if name.quantity == "b" else (text,)
        for own in pair:
            if own == text or own in subject:
                found[own] = array
        if len(pair) > 1 and name.is_first_step and pair[1] in subject and case.config.plain_step:
            gradient = reference[gradient_name(name.parameter)].astype(np.float64)
            for own in pair:
                weight = weights[ArrayName.parse(own).parameter]
                found[own] = (weight - case.lr * gradient).astype(array.dtype)
    return found


def _like_the_first(arrays: Mapping[str, T], names: Trace) -> dict[str, T]:
    """Return `arrays`, and for each name of a second bias what belongs to the first."""
    second = [n for n in names if ArrayName.parse(n).is_second_bias]
    more = {n: str(ArrayName.parse(n).in_reference) for n in second}
    return dict(arrays) | {n: arrays[first] for n, first in more.items() if first in arrays}


def floor_with(floor: Floor, names: Trace) -> Floor:
    """Return a floor that knows the arrays of a second bias: they are as noisy as the first's."""
    return replace(
        floor,
        clean=_like_the_first(floor.clean, names),
        gauge=_like_the_first(floor.gauge, names),
        sigma=_like_the_first(floor.sigma, names),
        most=_like_the_first(floor.most, names),
    )


def exact_with(values: Exact, names: Trace) -> Exact:
    """Return exact values with those of a second bias, which are those of the first."""
    return replace(
        values,
        high=_like_the_first(values.high, names),
        low=_like_the_first(values.low, names),
        enclosed=_like_the_first(values.enclosed, names),
    )


def as_one_bias(case: Case, subject: Trace) -> Trace:
    """Return a subject's answer as that of a network with one bias, the sum of its two.

    The first bias alone has stepped in it: so the sum moves by lr times the gradient.
    """
    if not has_second_bias(subject):
        return subject
    found = {n: a for n, a in subject.items() if not ArrayName.parse(n).is_second_bias}
    for cell in case.config.cells:
        name = step_name(1, cell.name("b"))
        second = step_name(1, second_bias(cell.name("b")))
        b = getattr(case, cell.name("b"))
        if second in subject and name in found and found[name].shape == b.shape:
            found[name] = (found[name] + shares(b)[1]).astype(found[name].dtype)
    return found


def second_bias_remarks(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Yield a line where the gradient by the second bias is wrong, and that by the first is not."""
    status = {ArrayName.parse(c.name): c.status for c in comparisons}
    for name, found in status.items():
        first = status.get(name.in_reference)
        alone = found is Status.DIFFERS and first is Status.AGREES
        if alone and name.is_second_bias and name.is_gradient:
            yield f"{name} must equal {name.in_reference}: h[t] depends on the sum of both"


def only_second_bias(verdict: Verdict) -> bool:
    """Return whether nothing is wrong but arrays of a second bias, which no mistake explains."""
    wrong = [ArrayName.parse(comparison.name) for comparison in verdict.failures]
    return bool(wrong) and all(name.is_second_bias for name in wrong)
