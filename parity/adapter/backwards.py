"""Backwards: which call of somebody's code gives the gradients."""

from dataclasses import replace

from parity.adapter import names
from parity.adapter.answers import aligned, assigned, offered, steps_of
from parity.adapter.candidates import candidates
from parity.adapter.forwards import Forward
from parity.adapter.gradients import (
    CRASHES,
    Backward,
    asked_of,
    case_of,
    kinds,
    prelude,
    weights_judged,
)
from parity.adapter.ground import Ground
from parity.adapter.names import is_like
from parity.adapter.trial import Trial

TRIALS = 4_000
"""Ways to ask for gradients that are tried after one forward pass, at most."""


def best_backward(ground: Ground, forward: Forward) -> tuple[Backward | None, list[str]]:
    """Return the way to ask for gradients that is nearest to right, and the errors of others."""
    errors: list[str] = []
    best: Backward | None = None
    before = ground.tried(forward.lines, case_of(ground, forward))
    end = ground.attempts.made + TRIALS
    for found in candidates(ground, forward, before):
        judged = _judged(ground, forward, before, found, errors)
        if judged is not None and (best is None or judged.score > best.score + 1e-9):
            best = judged
        spent = ground.attempts.made > end or not ground.attempts.left
        if spent or (best is not None and _is_whole(forward, best)):
            break
    return best, errors


def _is_whole(forward: Forward, found: Backward) -> bool:
    """Return whether every weight's gradient is right, and a loss is there if it has one."""
    parts = weights_judged(forward, found)
    right = all(found.shares.get(part) == 1 for part in parts)
    return right and (found.loss is not None or found.kind == "upstream")


def _judged(
    ground: Ground, forward: Forward, before: Trial, found: Backward, errors: list[str]
) -> Backward | None:
    case = asked_of(ground, forward, found)
    lines = [*forward.lines, *prelude(forward, found.lines), *found.lines]
    after = ground.tried(lines, case)
    if after.error is not None:
        call = found.lines[-1].removeprefix("back = ")
        errors.append(f"{call}: {type(after.error).__name__}: {after.error}")
        if found.named and isinstance(after.error, CRASHES) and _is_backward(found.called):
            return replace(found, crash=errors[-1])
        return None
    arrays = offered(ground, forward, before, after)
    steps = steps_of(ground, forward, before, after)
    best: Backward | None = None
    for kind in kinds(found, forward):
        candidate = assigned(ground, forward, case, found, kind, arrays, steps)
        candidate = replace(candidate, aligned=aligned(case, forward, after, candidate))
        if best is None or candidate.score > best.score + 1e-9:
            best = candidate
    if best is None or not (best.gradients or best.steps):
        return None
    answered = best.gradients.get("W_h", "").startswith("out")
    if not found.lines and not (best.aligned or answered):
        return None  # a shape alone does not make an array a gradient
    return best


def _is_backward(call: str) -> bool:
    """Return whether a call's own name says that it asks for gradients."""
    name = call.partition("(")[0].rpartition(".")[2]
    return is_like(name, (*names.BACKWARD, *names.TRAIN)) and not is_like(name, names.UPDATE)
