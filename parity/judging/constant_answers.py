"""Constant answers: wrong arrays that are zero, NaN, or the same for every case.

Only what is not so in the right arrays is reported.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from parity.execution.ask import answer
from parity.judging.second_bias import with_second_bias
from parity.model.case import Array, Case
from parity.model.comparison import Comparison, Status
from parity.model.finding import NoTraceError
from parity.model.trace import Trace
from parity.reference.base import Reference
from parity.subjects.subject import Subject

WRONG = (Status.DIFFERS, Status.NOT_FINITE)


def constant_answers(
    subject: Subject,
    case: Case,
    trace: Trace,
    comparisons: Sequence[Comparison],
    reference: Reference,
    expected: Trace,
) -> Iterator[str]:
    """Yield a line for the wrong arrays that are one number throughout, or never change.

    The answers to `case` are `trace` and `expected`. Both sides are asked about the same shapes
    again, with half of every number.
    """
    names = dict.fromkeys(c.name for c in comparisons if c.status in WRONG and c.name in trace)
    uniform = {name: _uniform(trace[name]) for name in names}
    uniform = {n: said if said != _uniform(expected[n]) else "" for n, said in uniform.items()}
    for what in dict.fromkeys(said for said in uniform.values() if said):
        alike = [name for name, said in uniform.items() if said == what]
        several = any(trace[name].size > 1 for name in alike)
        yield _says(alike, f"{what} throughout" if several else what)
    others = [name for name, said in uniform.items() if not said and trace[name].size > 1]
    if not others:
        return
    real = {name: array for name, array in case.arrays.items() if array.dtype == case.x.dtype}
    halved = case.replace(**{n: array * case.x.dtype.type(0.5) for n, array in real.items()})
    try:
        again = answer(subject, halved)
    except NoTraceError:
        return
    same = [n for n in others if n in again and _same(trace[n], again[n])]
    if not same:
        return
    right = with_second_bias(halved, again, reference.run(halved))
    if changing := [name for name in same if not _same(expected[name], right[name])]:
        yield _says(changing, "the same numbers for every case")


def _uniform(array: Array) -> str:
    """Return which number all entries are, if they are equal; for one entry, only zero or NaN."""
    if array.size and np.isnan(array).all():
        return "NaN"
    if not array.any():
        return "zero"
    return "one number" if array.size > 1 and np.ptp(array) == 0 else ""


def _same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def _says(names: Sequence[str], what: str) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {what}"
