"""Adapter: a short Python file with one `run(case)`, made of what was found out by asking."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np

from parity.adapting import names
from parity.adapting.backwards import Backward, best_backward, prelude, updates
from parity.adapting.calls import members
from parity.adapting.forwards import Forward, best_forward
from parity.adapting.ground import Ground
from parity.adapting.names import is_like
from parity.aid import FAR
from parity.case import Case
from parity.config import Config

SECONDS = 30.0
"""How long ways are tried, at most."""

ORDER = ("W_out", "b_out", "W_x", "W_h", "b", "x", "h_0")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What was found out about one class or module in one manner of asking."""

    ground: Ground
    name: str  # of the class or function; empty for the module's functions
    forward: Forward
    backward: Backward | None
    problems: tuple[str, ...]
    asks: Mapping[str, str] = field(default_factory=dict)
    cast: bool = False
    by_steps: bool = False

    @property
    def complete(self) -> bool:
        """Whether there are gradients, or steps that they can be recovered from."""
        found = self.backward
        return found is not None and bool(found.crash or "W_h" in found.gradients or found.steps)

    @property
    def is_plausible(self) -> bool:
        """Whether some of the answer is right: rows are rows, and the first step is the first."""
        return any(seen.share > 0 for seen in self.forward.seen.values())

    @property
    def standing(self) -> tuple[bool, bool, bool]:
        """What makes one manner of asking better than another."""
        return self.is_plausible, self.complete, self.forward.exact

    @property
    def rank(self) -> float:
        """How much a draft can answer, and how much of that is right."""
        return self.forward.score + (self.backward.score if self.backward is not None else 0)


def drafts(module: ModuleType, name: str) -> Draft | None:
    """Return the best draft for a class or function of a module, or, without a name, for any."""
    best: Draft | None = None
    end = time.monotonic() + SECONDS
    for own, target in _targets(module, name):
        draft = _for_target(module, own, target, end)
        if draft is not None and (best is None or draft.rank > best.rank):
            best = draft
    return None if best is None else _finished(best)


def _targets(module: ModuleType, name: str) -> Iterator[tuple[str, Any]]:
    if name:
        yield name, getattr(module, name)
        return
    own = [
        (n, v)
        for n, v in vars(module).items()
        if isinstance(v, type) and v.__module__ == module.__name__
    ]
    yield from (pair for pair in reversed(own) if members(pair[1], names.FORWARD))
    yield "", module


def _for_target(module: ModuleType, name: str, target: Any, end: float) -> Draft | None:
    best: Draft | None = None
    for ids in (False, True):
        for one_row in (False, True):
            if time.monotonic() > end:
                return best
            ground = Ground(module=module, target=target, one_row=one_row, ids=ids)
            draft = _on(ground, name)
            if draft is None:
                continue
            if draft.complete and draft.is_plausible:
                return draft
            if best is None or draft.standing > best.standing:
                best = draft
    return best


def _on(ground: Ground, name: str) -> Draft | None:
    forward, errors = best_forward(ground)
    if forward is None:
        return None
    backward, failed = best_backward(ground, forward)
    if backward is not None and not backward.crash:
        backward = updates(ground, forward, backward)
    problems = tuple(dict.fromkeys(failed if backward is None else ()))
    return Draft(
        ground=ground, name=name, forward=forward, backward=backward, problems=problems[:5]
    )


# -- finishing -------------------------------------------------------------------------------------


def _finished(draft: Draft) -> Draft:
    """Return a draft with what it can be asked, and how its answers are converted."""
    asks = dict(draft.forward.asks)
    if draft.ground.ids:
        asks["data"] = "ids"
    backward = draft.backward
    if backward is not None and not backward.crash:
        asks["kind"] = "layer" if backward.kind == "upstream" else "classifier"
        if backward.kind in ("steps", "squared"):
            asks["loss"] = backward.kind
    elif "logits" in draft.forward.seen or "every_logits" in draft.forward.seen:
        asks["kind"] = "classifier"
    draft = replace(draft, asks=asks)
    if backward is not None and set(backward.steps) - set(backward.gradients):
        draft = replace(draft, by_steps=_is_linear(draft))
    asks |= _activations(draft)
    single = _answered(replace(draft, asks=asks), dtype="float32")
    double = _answered(replace(draft, asks=asks), dtype="float64")
    if double and all(a.dtype == np.float32 for a in double.values()):
        asks["dtype"] = "float32"
    cast = bool(single) and any(a.dtype != np.float32 for a in single.values())
    return replace(draft, asks=asks, cast=cast)


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
    right = bool(seen) and all(seen[k].share == 1 for k in draft.forward.seen if k in seen)
    return {} if right or not draft.forward.exact else {"activation": own}


def _answered(draft: Draft, **changes: Any) -> dict[str, Any]:
    """Return the answer to the ground's configuration with some options changed."""
    from parity.case import draw

    config = draft.ground.config.replace(**{**draft.asks, **changes})
    try:
        answer = runner(draft)(draw(config))
    except (Exception, SystemExit):  # noqa: BLE001 - what somebody's code does elsewhere
        return {}
    return {name: np.asarray(value) for name, value in answer.items()}


def _is_linear(draft: Draft) -> bool:
    """Return whether weights move in proportion to the learning rate, so gradients are theirs."""
    answers = []
    for rate in (draft.ground.config.lr, FAR):
        found = _answered(draft, lr=rate)
        case = _at_rate(draft, rate)
        answers.append(
            [(getattr(case, n) - found[f"step/{n}"]) / rate for n in ORDER if f"step/{n}" in found]
        )
    return bool(answers[0]) and all(
        np.allclose(a, b, rtol=1e-4, atol=1e-9) for a, b in zip(*answers, strict=True)
    )


def _at_rate(draft: Draft, rate: float) -> Case:
    from parity.case import draw

    return draw(draft.ground.config.replace(**{**draft.asks, "lr": rate}))


def runner(draft: Draft) -> Callable[[Case], dict[str, Any]]:
    """Return the draft's `run` in memory, with the module that it was found in."""
    from parity.adapting.writing import text_of

    names_: dict[str, Any] = draft.ground.names(draft.ground.case) | {"functools": functools}
    from parity import aid

    names_ |= {name: getattr(aid, name) for name in ("by_row", "by_steps")}
    exec(text_of(draft, imports=()), names_)  # noqa: S102 - the draft's own lines
    run: Callable[[Case], dict[str, Any]] = names_["run"]
    return run


__all__ = ["Config", "Draft", "drafts", "is_like", "prelude", "runner"]
