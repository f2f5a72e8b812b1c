"""Forwards: which call, with which forms of weights, gives the states of a right network."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from parity.adapter.calls import Call
from parity.adapter.ground import Ground, Seen
from parity.adapter.slots import Form, Slot
from parity.adapter.ways import Way, ways

TRIALS = 8_000
"""Trials of forward passes of one class or module, at most, in one manner of asking."""

VARIANTS = 96
"""Combinations of forms of weights that are tried."""


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Lines that make a network, set its weights and call it, and what the answer is."""

    made: tuple[str, ...]  # lines before the weights
    slots: tuple[tuple[Slot, Form], ...]
    call: Call
    seen: dict[str, Seen]
    activation: str
    asks: dict[str, str] = field(default_factory=dict)
    from_zero: bool = False  # its answers are right from h_0 = 0 alone
    loop: tuple[str, ...] = ()  # lines instead of one call

    @property
    def lines(self) -> list[str]:
        """All lines up to the answer, which is `out`."""
        weights = [slot.line(form) for slot, form in self.slots]
        return [*self.made, *weights, *(self.loop or (f"out = {self.call.text}",))]

    @property
    def score(self) -> float:
        """How much of the answer is right."""
        states = [self.seen[kind].share for kind in ("hidden", "last") if kind in self.seen][:1]
        right = sum(seen.share for seen in self.seen.values())
        return right + 2 * (states == [1])

    @property
    def exact(self) -> bool:
        """Whether everything that was recognised is right."""
        return is_exact(self.seen)

    @property
    def roots(self) -> tuple[str, ...]:
        """The names in which answers are found."""
        return ("out", "model") if any("model =" in line for line in self.made) else ("out",)


def is_exact(seen: dict[str, Seen]) -> bool:
    """Return whether the states, or the last one, and the head are right, where they are seen."""
    states = [seen[kind].share for kind in ("hidden", "last") if kind in seen][:1]
    head = [seen[kind].share for kind in ("every_logits", "logits", "loss") if kind in seen][:1]
    return bool(states or head) and all(share == 1 for share in (*states, *head))


def forwards(ground: Ground) -> Iterator[Forward]:
    """Yield the forward passes that are right, as they are found; without one, the nearest."""
    best: Forward | None = None
    spent = 0  # in this search; a search for gradients in between counts its own
    for way in ways(ground):
        if spent > TRIALS or not ground.attempts.left:
            break
        before = ground.attempts.made
        found = max(_with_weights(ground, way), key=lambda one: one.score, default=None)
        spent += ground.attempts.made - before
        if found is not None and found.exact:
            yield found
        if found is not None and (best is None or found.score > best.score + 1e-9):
            best = found
    if best is not None and not best.exact:
        yield best


def _with_weights(ground: Ground, way: Way) -> Iterator[Forward]:
    """Yield a way with the case's weights in every form that they may have."""
    every = itertools.product(*(slot.forms for slot in way.slots))
    variants = (forms for forms in every if _once_each(forms))
    ordered = sorted(itertools.islice(variants, 4096), key=_mixture)
    for number, forms in enumerate(ordered[:VARIANTS]):
        pairs = tuple(zip(way.slots, forms, strict=True))
        found = Forward(
            made=way.made, slots=pairs, call=way.call, seen={}, activation="tanh", loop=way.loop
        )
        if _is_fixed(ground, found):
            fixed = tuple((replace(s, in_place=True), f) for s, f in found.slots)
            found = replace(found, slots=fixed)
        for activation in ("tanh", "relu"):
            judged = _judged(ground, replace(found, activation=activation))
            if judged is None:
                error = ground.tried(found.lines).error if number == 0 else None
                if isinstance(error, (TypeError, IndexError)):
                    return  # not for want of a shape
                break
            if activation == "tanh" or judged.exact:
                yield judged
            if judged.exact:
                return


def _once_each(forms: Sequence[Form]) -> bool:
    parts = [part for form in forms for part in form.parts]
    return len(parts) == len(set(parts))


def _is_fixed(ground: Ground, found: Forward) -> bool:
    """Return whether weights are in a tuple, so that they can only be written into."""
    error = ground.tried(found.lines, ground.case).error
    return isinstance(error, TypeError) and "item assignment" in str(error)


def _mixture(forms: Sequence[Form]) -> int:
    """Return how many manners are mixed: mostly all weights stand upright, or all are turned."""
    lying = {"HF", "CH", "columns"}
    turned = {
        form.turned or form.layout in lying for form in forms if form.parts not in ((), ("b",))
    }
    wide = {len(f.layout) for f in forms if f.parts in (("b",), ("b_out",), ())}
    return 2 * len(turned) + len(wide)


def _judged(ground: Ground, found: Forward) -> Forward | None:
    """Return a forward pass with what it answers, from h_0 or from zero; None if it fails."""
    asks = asked_of_bias(found)
    best: Forward | None = None
    for more in ({}, FROM_ZERO):
        case = ground.asked(asks | more)
        trial = ground.tried(found.lines, case)
        if trial.error is not None:
            return None
        seen = ground.seen(ground.leaves(trial, *found.roots), found.activation, case)
        given = "case.h_0" in "\n".join(found.lines)  # and must not be lost
        judged = replace(
            found, seen=seen, asks=asks | ({} if given else more), from_zero=bool(more)
        )
        if seen and (best is None or judged.score > best.score + 1e-9):
            best = judged
        if judged.exact:
            break
    return best


FROM_ZERO = {"initial": "zero"}


def asked_of_bias(found: Forward) -> dict[str, str]:
    """Return the options that a network without some bias can answer."""
    parts = {part for _, form in found.slots for part in form.parts}
    lacks = "b" not in parts or ("W_out" in parts and "b_out" not in parts)
    return {"bias": "zero"} if lacks else {}
