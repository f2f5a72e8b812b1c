"""Step arguments: what may be handed to a cell's backward pass, as its forward pass has it.

In: a parameter of a function and a forward pass that is a loop. Out: values of one step, those
that the parameter's name says first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import Parameter

from parity.adapter import names
from parity.adapter.search.calling.calls import UNNAMED, is_required
from parity.adapter.search.calling.static import facts
from parity.adapter.search.calling.values import Value
from parity.adapter.search.forward.judged import Forward

STATE, LATER, SCORES = "upstream", "later", "d_every_logits"
"""Roles: the gradient by a step's state, that from the step after it, that by its scores."""


_BEFORE = names.words(r".*prev.* .*old.* .*before.* .*last.* .*_?t_?(minus)?_?1 .*_in h_?0")


_AFTER = names.words(r".*next.* .*new.* .*after.* .*cur.* .*out.* .*_t h s a state hidden")


_GRADIENT = (*names.VALUES["upstream"], *names.VALUES["d_logits"], "g", "g_.*", "grad.*", "d")


_LATER = names.words(r".*next.* .*later.* .*future.* .*carr.* .*through.* .*rec.* .*prev.*")


@dataclass(frozen=True, kw_only=True)
class Texts:
    """How one step's arrays are handed over, as the forward pass has them."""

    x: str
    view: str  # of an array by time: `[:, t].T`
    after: str
    before: str
    start: str  # of the gradient that is carried

    @classmethod
    def of(cls, forward: Forward) -> "Texts":
        """Return the texts of a forward pass that is a loop."""
        x = next(v.text for v in forward.proposal.arguments.values() if v.role == "x_t")
        row = forward.probe.manner.one_row
        view = x.partition("[")[2] if x.startswith("x[") else "0, t]" if row else ":, t]"
        layout = f"h_0[{view.replace(', t', '')}" if row or view != ":, t]" else "h_0"
        layout = layout.replace("h_0[:]", "h_0")
        carried = "h" in forward.binding.values
        return cls(
            x=x,
            view=f"[{view}",
            after="h" if carried else "out",
            before="h_before" if carried else "(out_before if t else h_0)",
            start=forward.binding.values.get("h", layout),
        )


def options(parameter: Parameter, forward: Forward) -> list[Value]:
    """Return what may be handed to a parameter: what its name says first, then everything else."""
    if not is_required(parameter) and not _said(parameter.name, forward):
        return [Value(text="", role="")]
    own = _by_forward(parameter.name, forward)
    if own is not None:
        return [own]
    said = _said(parameter.name, forward)
    every = _every(forward)
    found = [
        Value(text=every[role].text, role=every[role].role, penalty=cost)
        for role, cost in said.items()
        if role in every
    ]
    found += [
        replace(value, penalty=UNNAMED + 0.05 * place)
        for place, (role, value) in enumerate(every.items())
        if role not in said
    ]
    return found


def _by_forward(name: str, forward: Forward) -> Value | None:
    """Return what the forward pass has been handed, or has returned, by the same name."""
    handed = forward.proposal.arguments.get(name)
    if handed is not None and handed.role in ("parameters", "W_x", "W_h", "b", "W_out", "b_out"):
        return handed
    if name in forward.binding.values and name not in ("h", "t"):
        return Value(text=name, role="parameters")
    told, targets = facts(forward.entry.function).returned, forward.binding.calls["forward"].targets
    if name in told and len(told) == len(targets) > 1 and targets[told.index(name)] != "h":
        text = targets[told.index(name)]
        return Value(text=text, role=text)
    role = names.role(name, names.WEIGHTS)
    given = [v for v in forward.proposal.arguments.values() if v.role == role]
    return given[0] if given else None


def _every(forward: Forward) -> dict[str, Value]:
    """Return what a step back may be handed, by its kind."""
    texts = Texts.of(forward)
    found = {
        "state": Value(text=f"upstream{texts.view}", role=STATE),
        "later": Value(text="dh", role=LATER),
        "after": Value(text=texts.after, role="after"),
        "before": Value(text=texts.before, role="before"),
        "x": Value(text=texts.x, role="x"),
    }
    for place, name in enumerate(_caches(forward)):
        found[f"cache{place}"] = Value(text=name, role=name, penalty=0.1 * place)
    if "every_logits" in forward.seen:
        found["scores"] = Value(text=f"d_every_logits{texts.view}", role=SCORES)
        found["labels"] = Value(text=f"step_labels{texts.view}", role="step_labels")
        found["one_hot"] = Value(text=f"step_one_hot{texts.view}", role="step_one_hot")
    return found


def _caches(forward: Forward) -> list[str]:
    call = forward.binding.calls["forward"]
    named = [name for name in call.targets if name != "h"]
    return named or ([] if "h" in call.targets else ["out"])


def _said(name: str, forward: Forward) -> Mapping[str, float]:
    """Return the kinds of values that a name can mean, and what each costs."""
    bare = name.lower().strip("_")
    if names.is_like(bare, names.VALUES["cache"]):
        return {f"cache{place}": 0.1 * place for place in range(len(_caches(forward)))}
    if names.is_like(bare, _GRADIENT):
        later = names.is_like(bare, _LATER)
        scored = names.is_like(bare, names.VALUES["d_logits"])
        return {"state": 0.1 * later, "later": 0.5 - 0.4 * later, "scores": 0.6 - 0.6 * scored}
    meant = ((words, kinds) for words, kinds in _MEANT if names.is_like(bare, words))
    return next(meant, ((), {}))[1]


_MEANT: tuple[tuple[names.Words, Mapping[str, float]], ...] = (
    (names.VALUES["one_hot"], {"one_hot": 0.0, "labels": 0.2}),
    (names.VALUES["labels"], {"labels": 0.0, "one_hot": 0.2}),
    (names.VALUES["x"], {"x": 0.0}),
    (_BEFORE, {"before": 0.0}),
    (
        (*_AFTER, *names.VALUES["hidden"], *names.VALUES["h_0"]),
        {"after": 0.0, "before": 0.3},
    ),
)
"""What other names mean, the first that is like one."""
