"""Restating: mistakes that no single call shows, and formats that are coarser than they should be.

A state that leaks from one call into the next, or gradients that are added up, make an answer that
is right for another question. Restated as the answer to that one, it is diagnosed further.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from parity.case import Array
from parity.cause import Cause
from parity.explaining import Explainer
from parity.witness import Witness
from parity.yardstick import Yardstick


@dataclass(frozen=True, slots=True, kw_only=True)
class Restated:
    """Witnesses as they are to be explained, and the causes that are known already."""

    witnesses: tuple[Witness, ...]
    causes: tuple[Cause, ...] = ()
    explicable: bool = True  # whether mistakes in the equations can explain them


def restated(witnesses: Sequence[Witness], yardstick: Yardstick) -> Restated:
    """Return the witnesses with what calls leave behind, or a coarse format, taken out."""
    if any(w.stateful for w in witnesses):
        return _between_calls(witnesses, yardstick)
    if (coarse := _coarse(witnesses)) is not None:
        return Restated(witnesses=tuple(witnesses), causes=(coarse,), explicable=False)
    return Restated(witnesses=tuple(witnesses))


# -- from call to call ---------------------------------------------------------------------------


def _between_calls(witnesses: Sequence[Witness], yardstick: Yardstick) -> Restated:
    for restate, cause in ((_leaked, LEAKS), (_accumulated, ACCUMULATES)):
        told = tuple(filter(None, map(restate, witnesses)))
        if len(told) == len(witnesses) and _begins_right(told, yardstick):
            evidence = f"so it is in {len(told)} of {len(told)} configurations, within rounding"
            return Restated(
                witnesses=told, causes=(replace(cause, evidence=(*cause.evidence, evidence)),)
            )
    changed = [n for w in witnesses if w.stateful for n in _changed(w)]
    return Restated(
        witnesses=tuple(witnesses),
        causes=(_redrawn(list(dict.fromkeys(changed))),),
        explicable=False,
    )


def _begins_right(witnesses: Sequence[Witness], yardstick: Yardstick) -> bool:
    """Return whether the first restated array is right in every witness."""
    return Explainer(witnesses, yardstick).reach(()) > 0


def _leaked(witness: Witness) -> Witness | None:
    """Return the second answer as one to a case that starts where the first call ended."""
    if witness.again is None or "hidden" not in witness.subject:
        return None
    final = witness.subject["hidden"][:, -1]
    if not np.isfinite(final).all():
        return None
    return witness.saying(witness.case.replace(h_0=final), witness.again)


def _accumulated(witness: Witness) -> Witness | None:
    """Return what the second call added to the gradients of the first."""
    if witness.again is None or not set(_changed(witness)) <= _added(witness):
        return None
    first = witness.subject
    added = {
        name: array - first[name] if name in _changed(witness) else array
        for name, array in witness.again.items()
        if not name.startswith("step/")
    }
    return witness.saying(witness.case, added)


def _added(witness: Witness) -> set[str]:
    return {name for name in witness.subject if name.startswith(("grad/", "step/"))}


def _changed(witness: Witness) -> list[str]:
    again = witness.again or {}
    return [n for n, a in again.items() if a.tobytes() != witness.subject[n].tobytes()]


LEAKS = Cause(
    says="The hidden state leaks from one call into the next.",
    look_for="a state kept in an attribute or a global, and not set back when forward is called",
    evidence=("a second call gives what starting from the final state of the first one gives",),
    hidden_at=("a first call from a state of zero",),
)

ACCUMULATES = Cause(
    says="Gradients are added up from one call to the next.",
    look_for="gradients that are not set to zero before backward",
    evidence=("a second call adds the right gradients to those of the first one",),
    hidden_at=("a first call",),
)


def _redrawn(names: Sequence[str]) -> Cause:
    return Cause(
        says="Answers differ from call to call.",
        look_for="random numbers drawn in forward or backward, or a state of another kind",
        evidence=(f"the same case, asked twice, gives other numbers in {', '.join(names)}",),
    )


# -- formats -------------------------------------------------------------------------------------


def _coarse(witnesses: Sequence[Witness]) -> Cause | None:
    """Recognise states that are numbers of a coarser format, every one of them."""
    for name, fits in _formats(witnesses):
        states = [w.subject["hidden"] for w in witnesses if "hidden" in w.subject]
        right = [w.reference["hidden"] for w in witnesses if "hidden" in w.subject]
        count = sum(state.size for state in states)
        if count and all(fits(s).all() for s in states) and not all(fits(r).all() for r in right):
            return Cause(
                says=f"Hidden states are computed or kept in {name}.",
                look_for=f"arrays made without the input's dtype, or a cast to {name}",
                evidence=(f"each of {count} hidden states is a number of {name}",),
            )
    return None


def _formats(witnesses: Sequence[Witness]) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """Yield the formats coarser than the witnesses' own, the coarsest first."""
    yield "bfloat16", _is_bfloat16
    yield "float16", lambda a: a.astype(np.float16).astype(a.dtype) == a
    if all(w.case.config.dtype == "float64" for w in witnesses):
        yield "float32", lambda a: a.astype(np.float32).astype(a.dtype) == a


def _is_bfloat16(array: Array) -> Array:
    """Return where the numbers have no more than the upper half of a float32."""
    single = array.astype(np.float32)
    coarse: Array = (single == array) & ((single.view(np.uint32) & 0xFFFF) == 0)
    return coarse
