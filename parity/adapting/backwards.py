"""Backwards: how somebody's gradients are asked for, and which of the answers is which."""

import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parity.adapting import expected, names
from parity.adapting.calls import Call, Pool, calls, members, others
from parity.adapting.forwards import Forward
from parity.adapting.ground import LOSSES, Ground, laid_out
from parity.adapting.names import is_like
from parity.adapting.shapes import recognised
from parity.adapting.slots import Form, Slot, last_name
from parity.adapting.trial import Leaf, Trial
from parity.case import Array, Case

SECONDS = 8.0
"""How long ways to ask for gradients are tried."""

CRASHES = (NameError, AttributeError, SystemExit)
"""Errors that no other arguments would mend: typos, globals expected, exits."""

FALLBACK = ("upstream", "d_logits", "labels", "one_hot", "cache", "hidden", "logits", "x", "lr")

ROLES = ("cache", "d_logits", "upstream", "one_hot", "labels", "h_0", "hidden", "logits", "x", "lr")


@dataclass(frozen=True, kw_only=True)
class Backward:
    """Lines that ask for gradients, after those of a forward pass; and what the answers are."""

    lines: tuple[str, ...]
    roles: tuple[str, ...]
    gradients: dict[str, str] = field(default_factory=dict)  # by the harness's names
    shares: dict[str, float] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)  # weights, where the call changed them
    loss: str | None = None
    kind: str = "mean"  # of the loss: see expected.loss
    factor: str = "1"  # the subject's loss over ours, as an expression
    crash: str = ""
    named: bool = True  # every argument's name says what it is
    aligned: int = 0  # gradients, or steps, that have the right direction

    @property
    def called(self) -> str:
        """The call that is asked for gradients; empty where the forward pass has answered them."""
        calls_ = [line.removeprefix("back = ") for line in self.lines if line.startswith("back = ")]
        return calls_[0] if calls_ else ""

    @property
    def score(self) -> float:
        """How much is recognised, and how much of that is right."""
        exact = sum(share == 1 for share in self.shares.values())
        offered = len(self.gradients) + 0.5 * len(self.steps) + (self.loss is not None)
        return 3 * exact + sum(self.shares.values()) + offered + self.aligned


def best_backward(ground: Ground, forward: Forward) -> tuple[Backward | None, list[str]]:
    """Return the way to ask for gradients that is nearest to right, and the errors of others."""
    errors: list[str] = []
    best: Backward | None = None
    before = ground.tried(forward.lines, _case(ground, forward))
    end = time.monotonic() + SECONDS
    for found in _candidates(ground, forward, before):
        judged = _judged(ground, forward, before, found, errors)
        if judged is not None and (best is None or judged.score > best.score + 1e-9):
            best = judged
        if (best is not None and _is_whole(forward, best)) or time.monotonic() > end:
            break
    return best, errors


def _is_whole(forward: Forward, found: Backward) -> bool:
    """Return whether every weight's gradient is right, and a loss is there if it has one."""
    parts = {part for _, form in forward.slots for part in form.parts}
    if found.kind == "upstream" or "dh" in _names("\n".join(found.lines)):
        parts -= {"W_out", "b_out"}
    right = all(found.shares.get(part) == 1 for part in parts)
    return right and (found.loss is not None or found.kind == "upstream")


def _case(ground: Ground, forward: Forward) -> Case:
    return ground.asked(forward.asks)


def _asked(ground: Ground, forward: Forward, found: Backward) -> Case:
    """Return the case for a call: a layer's where it takes the gradient by every state."""
    case = _case(ground, forward)
    return ground.as_layer(case) if "upstream" in _kinds(found, forward) else case


# -- what may be called ----------------------------------------------------------------------------


def _candidates(ground: Ground, forward: Forward, before: Trial) -> Iterator[Backward]:
    yield Backward(lines=(), roles=())  # the forward pass may have answered them
    for prepared in _prepared(ground, forward, before):
        pool = _pool(ground, forward, before, prepared)
        for owner, text in (("model", "model"), ("module", "theirs")):
            value = before.names.get("model") if owner == "model" else ground.module
            if value is None or (owner == "module" and "model" in before.names):
                continue
            called = {f"{text}.{n}": getattr(value, n) for n in _methods(value, forward, owner)}
            for name, function in (_undoing(before) | called).items():
                for call in calls(name, function, pool, ROLES, fallback=FALLBACK):
                    lines = (*prepared, f"back = {call.text}")
                    yield Backward(lines=lines, roles=call.roles, named=call.named)


def _undoing(before: Trial) -> dict[str, Any]:
    """Return the functions that a forward pass has handed back, by their expressions."""
    out = before.names.get("out")
    parts = out if isinstance(out, tuple) else (out,)
    texts = [f"out[{i}]" for i in range(len(parts))] if isinstance(out, tuple) else ["out"]
    return {text: part for text, part in zip(texts, parts, strict=True) if callable(part)}


def _methods(value: Any, forward: Forward, owner: str) -> list[str]:
    steps = members(value, names.UPDATE)
    named = members(value, names.BACKWARD) + members(value, names.TRAIN)
    found = [name for name in named if name not in steps]
    found += others(value, [*found, *members(value, names.LOSS), *members(value, names.UPDATE)])
    own = forward.call.text.partition("(")[0].rpartition(".")[2]
    unlike = [n for n in dict.fromkeys(found) if n != own and not is_like(n, names.FORWARD)]
    if owner == "module":
        unlike = [n for n in unlike if not is_like(n, names.STEP)]
    return unlike


def _prepared(ground: Ground, forward: Forward, before: Trial) -> Iterator[tuple[str, ...]]:
    """Yield the lines that come first: nothing, or a call of a loss of their own."""
    yield ()
    owners = [("model", before.names.get("model")), ("theirs", ground.module)]
    logits = [forward.seen[k].raw for k in ("logits", "every_logits") if k in forward.seen]
    local = {n: t for n, t in forward.call.arguments.items() if t and "case.x" in t}
    pool = Pool(values={**ground.pool.values, "logits": logits, "x": ()}, locals=local)
    for text, owner in owners:
        for name in members(owner, names.LOSS) if owner is not None else ():
            function = getattr(owner, name)
            asked = calls(f"{text}.{name}", function, pool, ("one_hot", "labels", "logits"))
            lines = [f"scored = {call.text}" for call in asked if _is_loss(call)]
            ran = [line for line in lines if _known_loss(ground, forward, line) is not None]
            if ran:
                yield (max(ran, key=lambda line: _known_loss(ground, forward, line) or 0),)


def _is_loss(call: Call) -> bool:
    return "logits" in call.roles or len(call.roles) == 1 or "local" in call.roles


def _known_loss(ground: Ground, forward: Forward, line: str) -> int | None:
    """Return 1 for a loss whose value is one we know, 0 for another; None where it fails."""
    case = _case(ground, forward)
    trial = ground.tried([*forward.lines, line], case)
    if trial.error is not None:
        return None
    scalars = [leaf for leaf in ground.leaves(trial, "scored") if leaf.array.size == 1]
    for leaf, kind in itertools.product(scalars, LOSSES):
        value = expected.loss(case, kind, forward.activation)
        times = ground.factors.values()
        if any(abs(float(leaf.array.reshape(())) - value * k) <= 1e-5 * value * k for k in times):
            return 1
    return 0 if scalars else None


def _pool(ground: Ground, forward: Forward, before: Trial, prepared: tuple[str, ...]) -> Pool:
    """Return what a backward pass may be given, what the forward pass was given first."""
    values = {name: list(texts) for name, texts in ground.pool.values.items()}
    for name in ("x", "h_0"):
        values[name].sort(key=lambda text: text not in forward.call.text)
    seen = forward.seen
    out = before.names.get("out")
    parts = [f"out[{i}]" for i in range(len(out))] if isinstance(out, tuple) else []
    values["cache"] = [*parts[::-1], "out"]
    values["hidden"] = _containers(seen["hidden"].raw) if "hidden" in seen else []
    values["logits"] = [seen[k].raw for k in ("logits", "every_logits") if k in seen]
    values["lr"] = ["case.lr"]
    dh = ground.ways("dh", "NTH") + ground.ways("dh[:, -1]", "NH") if "hidden" in seen else []
    if "hidden" not in seen and "last" in seen:
        dh = ground.ways("dh[:, -1]", "NH")
    dl = ground.ways("dl", "NC") if "logits" in seen else []
    if prepared:
        own = list(_own_gradients(ground, forward, prepared))
        dl = [*own, *dl]
    both = [f"{text}.copy()" for text in ground.ways("case.upstream", "NTH")[:2]]
    both += [f"{text}.copy()" for text in ground.ways("case.upstream_final", "NH")[:2]]
    first, *rest = _like_output(dh, seen) or [""]
    values["upstream"] = [text for text in (first, *both, *rest, *dl) if text]
    values["d_logits"] = [*dl, *_like_output(dh, seen)]
    local = {n: t for n, t in forward.call.arguments.items() if t and "labels" not in t}
    for slot, _ in forward.slots:
        if slot.target.isidentifier():
            local[slot.target] = slot.target
    for line in forward.made:
        head = line.partition(" = ")[0]
        if head.isidentifier() and head != "model":
            local[head] = head
    return Pool(values=values, locals=local)


def _containers(raw: str) -> list[str]:
    """Return the list or dictionary that states were stacked from, and the states."""
    inner = re.match(r"np\.stack\(\[?(.+?)(?:\[t\] for t in .*)?\)", raw)
    return [inner[1], raw] if inner else [raw]


def _own_gradients(ground: Ground, forward: Forward, prepared: tuple[str, ...]) -> Iterator[str]:
    trial = ground.tried([*forward.lines, *prepared], _case(ground, forward))
    for leaf in ground.leaves(trial, "scored"):
        if any(recognised(leaf.expression, leaf.array.shape, ground.own("logits"), ground.axes)):
            yield leaf.expression


def _like_output(ways: Sequence[str], seen: dict[str, Any]) -> list[str]:
    """Return ways to lay out a gradient, that of the states' own layout first."""
    found = (
        re.search(r"\.(T|swapaxes\([\d, ]*\)|transpose\([\d, ]*\))$", seen["hidden"].expression)
        if "hidden" in seen
        else None
    )
    back = {"transpose(1, 2, 0)": "transpose(2, 0, 1)", "transpose(2, 0, 1)": "transpose(1, 2, 0)"}
    own = back.get(found[1], found[1]) if found else ""
    return sorted(ways, key=lambda text: not (text.endswith(f".{own}") if own else text == "dh"))


def prelude(forward: Forward, lines: Sequence[str]) -> list[str]:
    """Return the lines that make `dh` and `dl` where the lines use them."""
    text, found = "\n".join(lines), []
    seen = forward.seen
    if "dh" in _names(text):
        hidden = (
            seen["hidden"].expression if "hidden" in seen else f"{seen['last'].expression}[:, None]"
        )
        found.append(f"dh = upstream(case, {hidden})  # by every state, (batch, steps, hidden)")
    if "dl" in _names(text):
        scores = seen["logits"]
        if scores.right.endswith("probabilities"):
            p = f"np.exp({scores.expression})" if "log" in scores.right else scores.expression
            found.append(f"dl = ({p} - one_hot(case.labels, case)) / config.batch")
        else:
            found.append(f"dl = d_logits(case, {scores.expression})")
    return found


def _names(text: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


# -- which answer is which -------------------------------------------------------------------------


def _judged(
    ground: Ground, forward: Forward, before: Trial, found: Backward, errors: list[str]
) -> Backward | None:
    case = _asked(ground, forward, found)
    lines = [*forward.lines, *prelude(forward, found.lines), *found.lines]
    after = ground.tried(lines, case)
    if after.error is not None:
        call = found.lines[-1].removeprefix("back = ")
        errors.append(f"{call}: {type(after.error).__name__}: {after.error}")
        if found.named and isinstance(after.error, CRASHES) and _is_backward(found.called):
            return replace(found, crash=errors[-1])
        return None
    offered = _offered(ground, forward, before, after)
    steps = _steps(ground, forward, before, after)
    best: Backward | None = None
    for kind in _kinds(found, forward):
        candidate = _assigned(ground, forward, case, found, kind, offered, steps)
        aligned = _aligned(case, forward, after, candidate)
        candidate = replace(candidate, aligned=aligned)
        if best is None or candidate.score > best.score + 1e-9:
            best = candidate
    if best is None or not (best.gradients or best.steps):
        return None
    answered = best.gradients.get("W_h", "").startswith("out")
    if not found.lines and not (best.aligned or answered):
        return None  # what a forward pass leaves is no gradient because of its shape
    return best


def _is_backward(call: str) -> bool:
    """Return whether a call's own name says that it asks for gradients."""
    name = call.partition("(")[0].rpartition(".")[2]
    return is_like(name, (*names.BACKWARD, *names.TRAIN)) and not is_like(name, names.UPDATE)


def _aligned(case: Case, forward: Forward, after: Trial, found: Backward) -> int:
    """Return how many gradients, or steps where there are none, are the right ones but for size."""
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


def _kinds(found: Backward, forward: Forward) -> tuple[str, ...]:
    text = "\n".join(found.lines) + "\n".join(forward.lines)
    if "case.upstream" in text:
        return ("upstream",)
    if "dh[:, -1]" in text or "dl" in _names(text):
        return ("mean",)
    if "dh" in _names(text):
        return ("upstream",)
    if "step_labels" in text:
        return ("steps", "squared-steps")
    return ("mean", "squared")


def _offered(ground: Ground, forward: Forward, before: Trial, after: Trial) -> list[Leaf]:
    """Return what a backward pass returned, and what it left in the object."""
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


def _steps(ground: Ground, forward: Forward, before: Trial, after: Trial) -> dict[str, str]:
    """Return the weights that a call has changed."""
    found: dict[str, str] = {}
    for slot, form in forward.slots:
        old, new = before.array(slot.target), after.array(slot.target)
        if old is None or new is None or np.array_equal(old, new):
            continue
        found |= form.read(slot.target, new.shape, ground.axes)
    return found


def _assigned(
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
    own_head = {"dh", "dl"} & _names("\n".join(found.lines))
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
                likely = share == 1 or is_like(last_name(leaf.expression), _slopes_of(name))
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
    best, rank = None, (-1.0, -1, -1)
    for place, leaf in enumerate(offered):
        if leaf.expression in taken or "np.stack" in leaf.expression:
            continue
        parts = form.read(leaf.expression, leaf.array.shape, ground.axes)
        if not parts:
            continue
        arrays = {part: laid_out(text, leaf) for part, text in parts.items()}
        shares = {p: expected.share(a, right[p] * times) for p, a in arrays.items()}
        mean = sum(shares.values()) / len(shares)
        mine = (1.0 if mean == 1 else 0.0, _alike(slot, leaf), -place)
        if mine > rank and max(mine[:2]) > 0:
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
    case = _asked(ground, forward, backward)
    lines = [*forward.lines, *prelude(forward, backward.lines), *backward.lines]
    before = ground.tried(lines, case)
    owner = before.names.get("model", ground.module)
    text = "model" if "model" in before.names else "theirs"
    pool = Pool(
        values={"lr": ["case.lr"], "cache": ["back"], "x": ()},
        locals={"grads": "back", "gradients": "back"},
    )
    called = members(owner, names.UPDATE)
    for name in called + others(owner, called):
        function = getattr(owner, name)
        for call in calls(
            f"{text}.{name}", function, pool, ("lr", "cache"), fallback=("lr", "cache")
        ):
            after = ground.tried([*lines, call.text], case)
            steps = _steps(ground, forward, before, after) if after.error is None else {}
            if steps:
                return replace(backward, lines=(*backward.lines, call.text), steps=steps)
    return backward


def _at_our_rate(ground: Ground, forward: Forward, backward: Backward) -> Backward:
    """Set the attribute that is the learning rate: twice as much moves weights twice as far."""
    case = _asked(ground, forward, backward)
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
