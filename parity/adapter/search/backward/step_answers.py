"""Step answers: what a backward pass that is called at every step has answered, all together.

Gradients of parameters that a step answers anew are summed over the steps; so are lists with one
for each step.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call
from parity.adapter.search.forward.judged import Forward
from parity.adapter.search.leaves import Leaf, attributes
from parity.adapter.search.probe import expected, share
from parity.adapter.search.trials import Outcome, Target, perturbed, tried
from parity.adapter.shapes import recognised
from parity.model.case import Array

KEPT = "backed"
"""The name of what a step back returns: nobody has a method of this name."""


def is_again(call: Call) -> bool:
    """Return whether a call runs its step's forward pass once more, before it goes back."""
    return call.expression.lstrip("*").startswith("(")


def has_tape(forward: Forward) -> bool:
    """Return whether an object has kept something for every step."""
    own = attributes(forward.outcome.session.model).values()
    kept = [value for value in own if isinstance(value, (list, dict))]
    return any(len(value) >= forward.probe.config.steps for value in kept)


def has_shape(forward: Forward, leaf: Leaf, own: str) -> bool:
    """Return whether an array has the axes `own` in some order: N batch, F features, H hidden."""
    probe = forward.probe
    return any(True for _ in recognised(leaf.text, leaf.array.shape, own, probe.axes))


def begins_right(outcome: Outcome, leaves: Sequence[Leaf]) -> bool:
    """Return whether the gradient by the last step's x, which comes first, is right."""
    case = outcome.session.case
    right = expected(case)["grad/x"][:, -1]
    arrays = [leaf.array for leaf in leaves if leaf.array.shape == case.x.shape]
    return any(share(array[:, -1], right) == 1 for array in arrays)


def joined_steps(
    target: Target, forward: Forward, binding: Binding, call: Call, outcome: Outcome
) -> Iterator[Leaf]:
    """Yield what all steps have answered together: joined along time, or summed."""
    for leaf in outcome.returned:
        if leaf.text.startswith("np.stack("):
            yield from _of_list(forward, leaf)
            continue
        if has_shape(forward, leaf, "NH"):
            yield leaf  # the first step's: the gradient by h_0
        texts = recognised(leaf.text, leaf.array.shape, "NF", forward.probe.axes)
        text = next(texts, leaf.text)
        every = _by_step(target, binding, call, outcome, text)
        if every is None:
            continue
        if has_shape(forward, leaf, "NF"):
            yield Leaf(text=text, array=every)
        else:
            yield Leaf(text=leaf.text, array=every.sum(axis=1))
    for leaf in outcome.held:
        if outcome.has_changed(leaf) and leaf.text.startswith("np.stack("):
            yield from _of_list(forward, leaf)


def _of_list(forward: Forward, leaf: Leaf) -> Iterator[Leaf]:
    """Yield a list with an array for each step: in its order, in the other one, and as its sum."""
    inner = leaf.text.removeprefix("np.stack(").removesuffix(")")
    if len(leaf.array) != forward.probe.config.steps or "for t in" in inner:
        yield leaf
        return
    yield leaf
    yield Leaf(text=f"np.stack({inner}[::-1])", array=leaf.array[::-1])
    yield Leaf(text=f"sum({inner})", array=leaf.array.sum(axis=0))


def _by_step(
    target: Target, binding: Binding, call: Call, outcome: Outcome, text: str
) -> Array | None:
    """Return what an expression stands for after each step, along the second axis."""
    asked = replace(call, answers=(("grad/x", text),))
    again = tried(
        target, replace(binding, calls={**binding.calls, "backward": asked}), outcome.session.case
    )
    if isinstance(again, Failed):
        return None
    found = again.session.answers.get("grad/x")
    return found if isinstance(found, np.ndarray) and found.dtype.kind == "f" else None


def summing(
    target: Target, forward: Forward, binding: Binding, call: Call, outcome: Outcome
) -> Call | None:
    """Return the call that also keeps each step's gradients, where a step replaces the last one's.

    It is taken for a cell that keeps one step only: its caller has to sum. A cell that keeps all
    steps, or that has a way to set its gradients to zero, adds them up itself, or is wrong.
    """
    if not is_again(call) and (binding.reset or has_tape(forward)):
        return None
    changed = [leaf for leaf in outcome.held if outcome.has_changed(leaf)]
    shapes = {w.shape for w in outcome.session.case.parameters.values()}
    shapes |= {shape[::-1] for shape in shapes}
    own = [
        leaf
        for leaf in changed
        if leaf.array.shape in shapes and not re.search(r"\(|\[-1\]", leaf.text)
    ]
    own = [leaf for leaf in own if _is_replaced(target, binding, outcome, leaf)]
    if not own:
        return None
    kept = [f"{leaf.name}_{place}" for place, leaf in enumerate(own)]
    copies = ", ".join(f"{leaf.text}.copy()" for leaf in own)
    star = "*" if len(call.targets) > 1 else ""
    return replace(
        call, expression=f"({star}{call.expression}, {copies})", targets=(*call.targets, *kept)
    )


def _is_replaced(target: Target, binding: Binding, outcome: Outcome, leaf: Leaf) -> bool:
    """Return whether what was in an array before has no effect on what is there afterwards."""
    if leaf.text not in outcome.before:
        return True
    again = tried(target, binding, outcome.session.case, tweak=perturbed(leaf.text))
    if isinstance(again, Failed):
        return False
    return any(
        one.text == leaf.text and np.array_equal(one.array, leaf.array) for one in again.held
    )
