"""Candidates: the calls that may be somebody's backward pass, with their possible arguments."""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from parity.adapter import expected, names
from parity.adapter.calls import Call, Pool, calls, members, others
from parity.adapter.forwards import Forward
from parity.adapter.gradients import Backward, case_of
from parity.adapter.ground import LOSSES, Ground
from parity.adapter.names import is_like
from parity.adapter.shapes import recognised
from parity.adapter.trial import Trial

FALLBACK = ("upstream", "d_logits", "labels", "one_hot", "cache", "hidden", "logits", "x", "lr")


ROLES = ("cache", "d_logits", "upstream", "one_hot", "labels", "h_0", "hidden", "logits", "x", "lr")


def candidates(ground: Ground, forward: Forward, before: Trial) -> Iterator[Backward]:
    """Yield calls that may be a backward pass, or no call where forward may have answered all."""
    yield Backward(lines=(), roles=())
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
        known = members(owner, names.LOSS) if owner is not None else []
        for name in known + (others(owner, known) if owner is not None else []):
            function = getattr(owner, name)
            roles = ("one_hot", "labels", "logits")
            asked = calls(f"{text}.{name}", function, pool, roles, fallback=roles)
            lines = [f"scored = {call.text}" for call in asked if _is_loss(call)]
            worth = {line: _known_loss(ground, forward, line) for line in lines}
            ran = [line for line, value in worth.items() if value or (value == 0 and name in known)]
            if ran:
                yield (max(ran, key=lambda line: worth[line] or 0),)


def _is_loss(call: Call) -> bool:
    return "logits" in call.roles or len(call.roles) == 1 or "local" in call.roles


def _known_loss(ground: Ground, forward: Forward, line: str) -> int | None:
    """Return 1 for a loss whose value is one we know, 0 for another; None where it fails."""
    case = case_of(ground, forward)
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
    """Return possible arguments of a backward pass, the forward pass's own arguments first."""
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
    trial = ground.tried([*forward.lines, *prepared], case_of(ground, forward))
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
