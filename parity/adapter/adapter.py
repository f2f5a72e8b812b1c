"""Adapter: a short Python file with one `run(case)`, made from the results of the search."""

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from parity.adapter import names, runtime
from parity.adapter.backwards import best_backward
from parity.adapter.calls import members
from parity.adapter.draft import ORDER, Draft
from parity.adapter.forwards import FROM_ZERO, Forward, forwards
from parity.adapter.gradients import Backward, prelude
from parity.adapter.ground import TRIALS, Ground
from parity.adapter.runtime import FAR
from parity.adapter.trial import Attempts, answered
from parity.adapter.updating import updates
from parity.adapter.writing import text_of
from parity.cases.draw import draw
from parity.model.case import Case


def drafts(module: ModuleType, name: str) -> Draft | None:
    """Return the best draft for a class or function of a module, or, without a name, for any."""
    best: Draft | None = None
    attempts = Attempts(most=TRIALS)
    rivals: list[str] = []
    for own, target in _targets(module, name):
        draft = _for_target(module, own, target, attempts)
        if draft is not None and own:
            rivals.append(own)
        if draft is not None and (best is None or draft.rank > best.rank):
            best = draft
    if best is None or not (best.is_plausible or best.is_trusted):
        return None
    if not best.is_trusted:  # uncertain answers accuse nobody
        best = replace(best, backward=None, trusted=False)
    return _finished(replace(best, others=tuple(n for n in rivals if n != best.name)))


def _targets(module: ModuleType, name: str) -> Iterator[tuple[str, Any]]:
    if name:
        yield name, getattr(module, name)
        return
    own = [
        (n, v)
        for n, v in vars(module).items()
        if isinstance(v, type) and v.__module__ == module.__name__
    ]
    named = [pair for pair in reversed(own) if members(pair[1], names.FORWARD)]
    yield from named or reversed(own)
    yield "", module


def _for_target(module: ModuleType, name: str, target: Any, attempts: Attempts) -> Draft | None:
    best: Draft | None = None
    for data in ("drawn", "ids", "vocabulary"):
        for one_row in (False, True):
            if not attempts.left:
                return best
            ground = Ground(
                module=module, target=target, one_row=one_row, data=data, attempts=attempts
            )
            draft = _on(ground, name)
            if draft is None:
                continue
            if draft.complete and draft.is_trusted:
                return draft
            if best is None or draft.standing > best.standing:
                best = draft
    return best


FORWARDS = 4
"""Right forward passes, at most, for which gradients are asked for."""


def _on(ground: Ground, name: str) -> Draft | None:
    best: Draft | None = None
    for forward in itertools.islice(forwards(ground), FORWARDS):
        draft = _from(ground, name, forward)
        if draft.complete and draft.is_trusted:
            return draft
        if best is None or draft.standing > best.standing:
            best = draft
    return best


def _from(ground: Ground, name: str, forward: Forward) -> Draft:
    backward, failed = best_backward(ground, forward)
    if backward is not None and _starts_anew(ground, forward, backward):
        forward = replace(forward, asks=forward.asks | FROM_ZERO)
        backward, failed = best_backward(ground, forward)
    if backward is not None and not backward.crash:
        backward = updates(ground, forward, backward)
    problems = tuple(dict.fromkeys(failed))[:5]
    return Draft(ground=ground, name=name, forward=forward, backward=backward, problems=problems)


def _starts_anew(ground: Ground, forward: Forward, backward: Backward) -> bool:
    """Return whether a backward pass runs forward again by itself, and so from another state.

    Then its answers do not depend on the state that the forward pass was given.
    """
    if "case.h_0" not in forward.call.text or not backward.lines or backward.crash:
        return False
    if "h_0" in "\n".join(backward.lines) or all(s == 1 for s in backward.shares.values()):
        return False
    answers = []
    for state in ("case.h_0", "(0 * case.h_0)"):
        first = [line.replace("case.h_0", state) for line in forward.lines]
        trial = ground.tried([*first, *prelude(forward, backward.lines), *backward.lines])
        answers.append([trial.array(text) for text in backward.gradients.values()])
        if not any(np.any(array) for array in answers[-1]):
            return False  # all zero, whatever it is given
    return all(np.array_equal(a, b) for a, b in zip(*answers, strict=True))


# -- finishing -------------------------------------------------------------------------------------


def _finished(draft: Draft) -> Draft:
    """Return a draft with the questions that it can answer, and how its answers are converted."""
    asks: dict[str, Any] = dict(draft.forward.asks)
    if draft.ground.ids:
        asks["data"] = draft.ground.data
    if draft.ground.one_row:
        asks["batch"] = 1
    backward = draft.backward
    if backward is not None and not backward.crash:
        asks["kind"] = "layer" if backward.kind == "upstream" else "classifier"
        if backward.kind in ("steps", "squared", "squared-steps"):
            asks["loss"] = backward.kind
    elif "logits" in draft.forward.seen or "every_logits" in draft.forward.seen:
        asks["kind"] = "classifier"
    draft = replace(draft, asks=asks)
    if backward is not None and set(backward.steps) - set(backward.gradients):
        draft = replace(draft, by_steps=_is_linear(draft))
    asks |= _activations(draft)
    draft = replace(draft, asks=asks)
    single = _answered(draft, dtype="float32")
    if _is_single(draft):
        asks["dtype"] = "float32"
    cast = bool(single) and any(a.dtype != np.float32 for a in single.values())
    return replace(draft, asks=asks, cast=cast, fresh=_must_be_fresh(draft))


def _is_single(draft: Draft) -> bool:
    """Return whether all weights that an author makes are float32: the rest is, too, then."""
    trial = draft.ground.tried(draft.forward.made)
    own = [trial.array(slot.target) for slot, _ in draft.forward.slots]
    known = [array for array in own if array is not None]
    return bool(known) and all(array.dtype == np.float32 for array in known)


def _must_be_fresh(draft: Draft) -> bool:
    """Return whether a step leaves something behind that is set with no other weight.

    Then each case gets an object of its own. A leak from a forward or a backward pass stays:
    a later stage judges it.
    """
    if draft.backward is None or not draft.backward.steps:
        return False
    before_step = replace(draft, backward=_without_step(draft.backward))
    return (
        _changes(draft) and not _changes(replace(draft, fresh=True)) and not _changes(before_step)
    )


def _without_step(backward: Backward) -> Backward:
    lines = tuple(line for line in backward.lines if " = " in line)
    return replace(backward, lines=lines, steps={})


def _changes(draft: Draft) -> bool:
    """Return whether a second answer to one question differs from the first."""
    run, case = runner(draft), _question(draft)
    first, second = answered(run, case), answered(run, case)
    if first is None or second is None:
        return False
    return any(not np.array_equal(first[n], second[n], equal_nan=True) for n in first)


def _activations(draft: Draft) -> dict[str, str]:
    """Return the one activation that a network has, where it has one."""
    own = draft.forward.activation
    text = "\n".join(draft.forward.made)
    if "activation" not in text:
        return {"activation": own}
    other = {"tanh": "relu", "relu": "tanh"}[own]
    ground = draft.ground
    case = ground.asked(draft.forward.asks)
    trial = ground.tried(draft.forward.lines, case.replace(case.config.replace(activation=other)))
    if trial.error is not None:
        return {"activation": own}
    seen = ground.seen(ground.leaves(trial, *draft.forward.roots), other, case)
    if not seen:
        return {"activation": own}
    both = answered(runner(draft), _question(draft, activation=other)) is not None
    return {} if both else {"activation": own}  # it may have a table of activations


def _answered(draft: Draft, dtype: str = "float64", lr: float | None = None) -> dict[str, Any]:
    """Return the answer to the ground's configuration, in a dtype or at a learning rate."""
    return answered(runner(draft), _question(draft, dtype, lr)) or {}


def _question(
    draft: Draft, dtype: str = "float64", lr: float | None = None, **changes: Any
) -> Case:
    case = draw(draft.ground.config.replace(**{**draft.asks, "dtype": dtype, **changes}))
    return case if lr is None else case.replace(case.config.replace(lr=lr))


def _is_linear(draft: Draft) -> bool:
    """Return whether weights move in proportion to the learning rate, so gradients are theirs."""
    moved = []
    for rate in (draft.ground.config.lr, FAR):
        found, case = _answered(draft, lr=rate), _question(draft)
        steps = [(getattr(case, n), found.get(f"step/{n}")) for n in ORDER]
        moved.append([(w - after) / rate for w, after in steps if after is not None])
    return bool(moved[0]) and all(
        np.allclose(a, b, rtol=1e-4, atol=1e-9) for a, b in zip(*moved, strict=True)
    )


def runner(draft: Draft) -> Callable[[Case], dict[str, Any]]:
    """Return the draft's `run` in memory, with the module that it was found in."""
    names_: dict[str, Any] = draft.ground.names(draft.ground.case) | {"functools": functools}
    names_ |= {name: getattr(runtime, name) for name in ("by_steps", "upstream", "d_logits")}
    exec(text_of(draft, imports=()), names_)  # noqa: S102 - the draft's own lines
    run: Callable[[Case], dict[str, Any]] = names_["run"]
    return run
