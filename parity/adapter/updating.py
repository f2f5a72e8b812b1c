"""Updating: the call that changes the weights, and the learning rate it takes."""

from dataclasses import replace

import numpy as np

from parity.adapter import names
from parity.adapter.answers import steps_of
from parity.adapter.calls import Pool, calls, members, others
from parity.adapter.forwards import Forward
from parity.adapter.gradients import CRASHES, Backward, asked_of, prelude
from parity.adapter.ground import Ground
from parity.adapter.slots import Form, Slot
from parity.adapter.trial import Trial
from parity.model.case import Array


def updates(ground: Ground, forward: Forward, backward: Backward) -> Backward:
    """Return `backward` with the call that updates the weights, where there is one of its own.

    Steps of a learning rate that cannot be set are none.
    """
    if not backward.steps:
        backward = _updated(ground, forward, backward)
    if backward.steps and "case.lr" not in "\n".join((*forward.made, *backward.lines)):
        return _at_our_rate(ground, forward, backward)
    return backward


def _updated(ground: Ground, forward: Forward, backward: Backward) -> Backward:
    case = asked_of(ground, forward, backward)
    lines = [*forward.lines, *prelude(forward, backward.lines), *backward.lines]
    before = ground.tried(lines, case)
    owner = before.names.get("model", ground.module)
    text = "model" if "model" in before.names else "theirs"
    pool = Pool(
        values={"lr": ["case.lr"], "cache": ["back"], "x": ()},
        locals={"grads": "back", "gradients": "back"},
    )
    called, failed = members(owner, names.UPDATE), ""
    for name in called + others(owner, called):
        function = getattr(owner, name)
        for call in calls(
            f"{text}.{name}", function, pool, ("lr", "cache"), fallback=("lr", "cache")
        ):
            after = ground.tried([*lines, f"stepped = {call.text}"], case)
            named = name in called and call.named
            if after.error is not None:
                if named and isinstance(after.error, CRASHES):
                    failed = f"{call.text}: {type(after.error).__name__}: {after.error}"
                continue
            steps = steps_of(ground, forward, before, after)
            forgets = named and after.names["stepped"] is None  # and answers no new weights, either
            if steps or forgets:
                every = (_unmoved(ground, forward, after) if named else {}) | steps
                return replace(backward, lines=(*backward.lines, call.text), steps=every)
    if failed and not backward.crash:
        return replace(backward, lacking=f"its step could not be asked for: {failed}")
    return backward


def _unmoved(ground: Ground, forward: Forward, after: Trial) -> dict[str, str]:
    """Return every weight as it stands after a step, moved or not."""
    found: dict[str, str] = {}
    for slot, form in forward.slots:
        now = after.array(slot.target)
        found |= form.read(slot.target, now.shape, ground.axes) if now is not None else {}
    return found


def _at_our_rate(ground: Ground, forward: Forward, backward: Backward) -> Backward:
    """Set the attribute that is the learning rate: twice as much moves weights twice as far."""
    case = asked_of(ground, forward, backward)
    first, then = forward.lines, [*prelude(forward, backward.lines), *backward.lines]
    model = ground.tried(first, case).names.get("model")
    rates = [n for n, v in getattr(model, "__dict__", {}).items() if isinstance(v, float) and v]
    for name in rates:
        moved = []
        for times in ("", f"model.{name} *= 2"):
            after = ground.tried([*first, *([times] if times else []), *then], case)
            moved.append([_moved(after, slot, form) for slot, form in forward.slots])
        if all(np.allclose(2 * a, b) for a, b in zip(*moved, strict=True)):
            lines = (f"model.{name} = case.lr", *backward.lines)
            return replace(backward, lines=lines)
    return replace(backward, steps={})


def _moved(after: Trial, slot: Slot, form: Form) -> Array:
    """Return how far an array of weights has moved from the case's."""
    now, was = after.array(slot.target), after.array(form.written())
    return np.zeros(1) if now is None or was is None or now.shape != was.shape else was - now
