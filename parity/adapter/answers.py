"""Answers: which array that a backward pass gives is which gradient."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from parity.adapter import expected, names
from parity.adapter.forwards import Forward
from parity.adapter.gradients import Backward, names_in
from parity.adapter.ground import Ground, laid_out
from parity.adapter.names import is_like
from parity.adapter.shapes import recognised
from parity.adapter.slots import Form, Slot, last_name
from parity.adapter.trial import Leaf, Trial
from parity.model.case import Array, Case


def aligned(case: Case, forward: Forward, after: Trial, found: Backward) -> int:
    """Return how many gradients, or else steps, are the right ones up to their size."""
    right = expected.gradients(case, found.kind, forward.activation)
    moved = {part: after.array(f"case.{part} - ({text})") for part, text in found.steps.items()}
    offered = {part: after.array(text) for part, text in found.gradients.items()}
    own, given = offered.get("b_out"), after.array("dl.sum(axis=0)")
    if own is not None and given is not None and np.array_equal(own, given):
        return 1  # it has used the gradient that it was given, whatever its logits are
    return sum(
        array is not None and _has_direction(array, right[part])
        for part, array in (moved | offered).items()
    )


def _has_direction(one: Array, other: Array) -> bool:
    sizes = float(np.linalg.norm(one) * np.linalg.norm(other))
    return one.shape == other.shape and sizes > 0 and float((one * other).sum()) > 0.999999 * sizes


def offered(ground: Ground, forward: Forward, before: Trial, after: Trial) -> list[Leaf]:
    """Return the arrays that a backward pass returned, and those that it left in the object."""
    found = ground.leaves(after, "back", "scored")
    old = {leaf.expression: leaf.array for leaf in ground.leaves(before, "model", "out")}
    for leaf in ground.leaves(after, "model", "out"):
        known = old.get(leaf.expression)
        same = known is not None and np.array_equal(known, leaf.array, equal_nan=True)
        if not same or "back" not in after.names:
            found.append(leaf)
    weights = {slot.target for slot, _ in forward.slots}
    weights |= {s.raw for kind, s in forward.seen.items() if kind != "loss" and s.share > 0}
    return [leaf for leaf in found if leaf.expression not in weights]


def steps_of(ground: Ground, forward: Forward, before: Trial, after: Trial) -> dict[str, str]:
    """Return the weights that a call has changed."""
    found: dict[str, str] = {}
    for slot, form in forward.slots:
        old, new = before.array(slot.target), after.array(slot.target)
        if old is None or new is None or np.array_equal(old, new):
            continue
        found |= form.read(slot.target, new.shape, ground.axes)
    return found


def assigned(
    ground: Ground,
    forward: Forward,
    case: Case,
    found: Backward,
    kind: str,
    offered: list[Leaf],
    steps: dict[str, str],
) -> Backward:
    """Return which leaf is which gradient of a loss, and by which factor the loss is another."""
    right = expected.gradients(case, kind, forward.activation)
    own_head = {"dh", "dl"} & names_in("\n".join(found.lines))
    multiples = {"1": 1.0} if kind == "upstream" or own_head else ground.factors
    loss, loss_factor = _loss(case, forward, kind, offered, multiples)
    by_factor = {
        factor: _gradients(ground, forward, offered, right, times)
        for factor, times in multiples.items()
    }
    factor = _factor(by_factor, loss_factor)
    gradients, shares = by_factor[factor]
    return replace(
        found, gradients=gradients, shares=shares, steps=steps, loss=loss, kind=kind, factor=factor
    )


Assigned = tuple[dict[str, str], dict[str, float]]


def _factor(by_factor: dict[str, Assigned], of_loss: str | None) -> str:
    """Return the factor that gradients and loss have in common, 1 where they have none.

    Without a loss, the head's gradients say it: it is the layer's that are often scaled wrongly.
    """

    def exact(factor: str, names_: Sequence[str]) -> bool:
        shares = by_factor[factor][1]
        known = [shares[n] for n in names_ if n in shares]
        return bool(known) and all(share == 1 for share in known)

    if of_loss is not None:
        agrees = exact(of_loss, ("W_out", "b_out")) or exact(of_loss, ("W_x", "W_h", "b"))
        return of_loss if agrees else "1"
    return next((f for f in by_factor if exact(f, ("W_out", "b_out"))), "1")


def _gradients(
    ground: Ground,
    forward: Forward,
    offered: list[Leaf],
    right: dict[str, Array],
    times: float,
) -> Assigned:
    texts: dict[str, str] = {}
    shares: dict[str, float] = {}
    taken: set[str] = set()
    for slot, form in forward.slots:
        best = _for_slot(ground, slot, form, offered, right, times, taken)
        if best is not None:
            leaf, parts, known = best
            taken.add(leaf.expression)
            texts |= parts
            shares |= known
    for name in ("x", "h_0"):
        for leaf in offered if not ground.ids or name == "h_0" else ():
            own = ground.own(name)
            for text in recognised(leaf.expression, leaf.array.shape, own, ground.axes):
                share = expected.share(laid_out(text, leaf), right[name] * times)
                unclaimed = leaf.expression not in taken and "'" not in leaf.expression
                returned = leaf.expression.startswith("back") and unclaimed
                named = is_like(last_name(leaf.expression), _slopes_of(name))
                likely = share == 1 or named or returned
                if likely and share >= shares.get(name, 0):
                    texts[name], shares[name] = text, share
    return texts, shares


def _slopes_of(name: str) -> names.Words:
    bare = name.lower().replace("_", "_?")
    return (rf"d_?{bare}", rf"grad_?{bare}", rf"{bare}_?grad")


def _for_slot(
    ground: Ground,
    slot: Slot,
    form: Form,
    offered: list[Leaf],
    right: dict[str, Array],
    times: float,
    taken: set[str],
) -> tuple[Leaf, dict[str, str], dict[str, float]] | None:
    """Return the leaf that is the gradient of a slot: by value, then by name, then by order."""
    best, rank = None, (False, -1.0, -1, -1)
    for place, leaf in enumerate(offered):
        if leaf.expression in taken or "np.stack" in leaf.expression:
            continue
        parts = form.read(leaf.expression, leaf.array.shape, ground.axes)
        if not parts:
            continue
        arrays = {part: laid_out(text, leaf) for part, text in parts.items()}
        shares = {p: expected.share(a, right[p] * times) for p, a in arrays.items()}
        mean = sum(shares.values()) / len(shares)
        returned = leaf.expression.startswith("back") and leaf.array.ndim > 1
        mine = (returned, 1.0 if mean == 1 else 0.0, _alike(slot, leaf), -place)
        if mine > rank and max(mine[1:3]) > 0:
            best, rank = (leaf, parts, shares), mine
    return best


def _alike(slot: Slot, leaf: Leaf) -> int:
    """Return how alike the names of a weight and of its gradient are."""
    weight, gradient = last_name(slot.target).lower(), last_name(leaf.expression).lower()
    squeezed, other = weight.replace("_", ""), gradient.replace("_", "")
    longer = len(squeezed) > 1 and squeezed in other
    if squeezed and (longer or other in (squeezed, f"d{squeezed}", f"g{squeezed}")):
        return 3
    if is_like(gradient, names.SLOPE):
        return 2
    return 1 if leaf.expression.startswith(("back", "out")) else 0


def _loss(
    case: Case,
    forward: Forward,
    kind: str,
    offered: list[Leaf],
    multiples: dict[str, float],
) -> tuple[str | None, str | None]:
    """Return the expression that is the loss, and its factor where the value tells it."""
    if kind == "upstream":
        return None, None
    value = expected.loss(case, kind, forward.activation)
    scalars = [leaf for leaf in offered if leaf.array.size == 1 and leaf.array.dtype.kind == "f"]
    for leaf, (factor, times) in itertools.product(scalars, multiples.items()):
        if abs(float(leaf.array.reshape(())) - value * times) <= 1e-5 * abs(value * times):
            return _number(leaf), factor
    for leaf in scalars:
        if (
            leaf.expression in ("back", "scored", "back[0]", "scored[0]")
            or "loss" in leaf.expression
        ):
            return _number(leaf), None
    return None, None


def _number(leaf: Leaf) -> str:
    return leaf.expression if leaf.array.ndim == 0 else f"{leaf.expression}.reshape(())"
