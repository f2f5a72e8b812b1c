"""Interpretations: mistakes that no single call shows, and formats that are too coarse.

If a state leaks from one call into the next, or gradients are added up, an answer is right for
another question. It is read as the answer to that question, and the diagnosis goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from parity.diagnosis.cause import Cause
from parity.diagnosis.responses import Response
from parity.model.case import Array
from parity.model.config import Config
from parity.model.formats import UNIT_ROUNDOFF
from parity.model.names import ArrayName
from parity.reference.thresholds import PARTED

MOST_LOST = 2**16
"""How many times larger than the added term the sum may be, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """One way to read the responses, and the causes that follow from it."""

    responses: tuple[Response, ...]
    causes: tuple[Cause, ...] = ()
    explicable: bool = True  # whether mistakes in the equations can explain them
    certain: bool = True  # else it holds only if everything is right or explained then


def interpretations(responses: Sequence[Response], config: Config) -> Iterator[Interpretation]:
    """Yield the ways to read the responses; the last one is certain."""
    own = tuple(responses)
    if not own:
        return
    if any(r.unstable for r in own):
        yield from _between_calls(own)
    elif (coarse := _coarse(own)) is None:
        yield Interpretation(responses=own)
    elif coarse.name == "float32":
        single = tuple(map(_in_float32, own))
        causes = (coarse.cause,) if config.dtype == "float64" else ()
        yield Interpretation(responses=single, causes=causes)
    else:
        yield Interpretation(responses=own, causes=(coarse.cause,), explicable=False)


# -- from call to call ---------------------------------------------------------------------------


def _between_calls(responses: tuple[Response, ...]) -> Iterator[Interpretation]:
    unstable = list(dict.fromkeys(n for r in responses for n in r.unstable))
    if all(_ends_finite(r) for r in responses):
        leaked = tuple(map(_leaked, responses))
        yield Interpretation(responses=leaked, causes=(LEAKS,), certain=False)
    names = {text: ArrayName.parse(text) for text in unstable}
    gradients = [text for text, name in names.items() if name.is_gradient]
    if gradients and all(n.is_gradient or n.is_first_step for n in names.values()):
        added = tuple(_added(r, gradients) for r in responses)
        yield Interpretation(responses=added, causes=(ACCUMULATES,), certain=False)
    yield Interpretation(responses=responses, causes=(_redrawn(unstable),), explicable=False)


def _ends_finite(response: Response) -> bool:
    return "hidden" in response.subject and bool(np.isfinite(response.subject["hidden"]).all())


def _leaked(response: Response) -> Response:
    """Return the second answer as one to a case that starts where the first call ended."""
    final = response.subject["hidden"][:, -1]
    return response.read_as(response.case.replace(h_0=final), response.again)


def _added(response: Response, gradients: Sequence[str]) -> Response:
    """Return what the second call added to the gradients of the first call, without a step."""
    first, u = response.subject, UNIT_ROUNDOFF[response.case.config.dtype]
    answered = {n: a for n, a in response.again.items() if not ArrayName.parse(n).is_first_step}
    both = [n for n in gradients if n in answered and n in first]
    lost = {n: 2 * u * (np.abs(first[n]) + np.abs(answered[n])) for n in both}
    answered |= {n: answered[n] - first[n] for n in both}
    drowned = [n for n in both if not _survives(answered[n], first[n])]
    kept = {n: a for n, a in answered.items() if n not in drowned}
    return response.read_as(response.case, kept, lost)


def _survives(added: Array, first: Array) -> bool:
    """Return whether the sum keeps most digits of the added term."""
    before, now = (np.max(np.abs(array), initial=0.0) for array in (first, added))
    return bool(before <= MOST_LOST * now)


LEAKS = Cause(
    slug="state-leaks-between-calls",
    says="The hidden state leaks from one call into the next.",
    look_for="a state kept in an attribute or a global, and not set back when forward is called",
    evidence=("a second call gives what starting from the final state of the first one gives",),
    hidden_at=("a first call from a state of zero",),
)

ACCUMULATES = Cause(
    slug="gradients-accumulate",
    says="Gradients are added up from one call to the next.",
    look_for="gradients that are not set to zero before backward",
    evidence=("a second call adds the right gradients to those of the first one",),
    hidden_at=("a first call",),
)


def _redrawn(names: Sequence[str]) -> Cause:
    return Cause(
        slug="nondeterministic",
        says="Answers differ from call to call.",
        look_for="random numbers drawn in forward or backward, or a state of another kind",
        evidence=(f"the same case, asked twice, gives other numbers in {', '.join(names)}",),
    )


# -- formats -------------------------------------------------------------------------------------


class _Coarse(NamedTuple):
    """A format that is coarser than the case's own."""

    name: str
    cause: Cause


def _coarse(responses: Sequence[Response]) -> _Coarse | None:
    """Recognise states that are right, but are all numbers of a coarser format."""
    wide = [r for r in responses if r.case.config.dtype == "float64"] or responses
    pairs = [(r.subject["hidden"], r.reference["hidden"]) for r in wide if "hidden" in r.subject]
    if not pairs or not all(_is_near(*pair) for pair in pairs):
        return None
    count = sum(state.size for state, _ in pairs)
    for name, fits in _formats(wide):
        is_theirs = all(fits(theirs).all() for _, theirs in pairs)
        if all(fits(ours).all() for ours, _ in pairs) and not is_theirs:
            cause = Cause(
                slug="coarse-format",
                says=f"Hidden states are computed, kept or returned in {name}.",
                look_for=f"arrays made without the input's dtype, or a cast to {name}",
                evidence=(f"each of {count} hidden states is a number of {name}",),
            )
            return _Coarse(name, cause)
    return None


def _is_near(ours: Array, theirs: Array) -> bool:
    """Return whether states are nearly right, and not zeros or signs, which fit every format."""
    apart = np.max(np.abs(ours - theirs), initial=0.0)
    return bool(apart <= PARTED * np.max(np.abs(theirs), initial=0.0))


def _in_float32(response: Response) -> Response:
    """Return a response of the same numbers in float32."""
    answered = {name: array.astype(np.float32) for name, array in response.subject.items()}
    return response.read_as(response.case.in_format("float32"), answered)


def _formats(responses: Sequence[Response]) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """Yield the formats that are coarser than the responses' own, the coarsest first."""
    yield "bfloat16", _is_bfloat16
    yield "float16", lambda a: a.astype(np.float16).astype(a.dtype) == a
    if all(r.case.config.dtype == "float64" for r in responses):
        yield "float32", lambda a: a.astype(np.float32).astype(a.dtype) == a


def _is_bfloat16(array: Array) -> Array:
    """Return which numbers use only the upper half of a float32."""
    single = array.astype(np.float32)
    coarse: Array = (single == array) & ((single.view(np.uint32) & 0xFFFF) == 0)
    return coarse
