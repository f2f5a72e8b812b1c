"""Proof: whether the way of asking is certain, shown by what moves when one number is changed.

A network that is asked rightly answers states that depend on x where they must: those of step t
and later move with x[:, t], those before do not; each row depends on its own row alone; each weight
moves something. This holds for wrong code, too, unless it is the mistake; then the asking is not
certain, and nobody is accused.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding
from parity.adapter.search.trials import Target, tried
from parity.model.case import Array, Case

LARGE = 0.375
"""Added to one number; large enough to move a state of relu."""


def doubts(target: Target, binding: Binding, case: Case) -> str:
    """Return why it is not certain that a forward pass was asked rightly; empty where it is."""
    whole = _answered(target, binding, case)
    if whole is None:
        return "it does not answer twice"
    name = "hidden" if "hidden" in whole else "logits" if "logits" in whole else ""
    if not name:
        return "it answers neither states nor scores"
    if not np.isfinite(whole[name]).all() or not np.any(whole[name]):
        return f"its {name} are not numbers that tell"
    return (
        _of_labels(target, binding, case, name, whole)
        or _of_x(target, binding, case, name, whole)
        or _of_weights(target, binding, case, whole)
    )


def _answered(target: Target, binding: Binding, case: Case) -> Mapping[str, Array] | None:
    outcome = tried(target, binding, case)
    if isinstance(outcome, Failed):
        return None
    return {n: np.asarray(a) for n, a in outcome.session.result().items()}


def _moved(
    target: Target,
    binding: Binding,
    case: Case,
    whole: Mapping[str, Array],
    name: str,
    **arrays: Array,
) -> Array | None:
    changed = case.replace(**arrays)
    found = _answered(target, binding, _writable(changed))
    if found is None or name not in found or found[name].shape != whole[name].shape:
        return None
    moved: Array = found[name] != whole[name]
    return moved


def _writable(case: Case) -> Case:
    return Case.of(case.config, {name: array.copy() for name, array in case.arrays.items()})


def _of_labels(
    target: Target, binding: Binding, case: Case, name: str, whole: Mapping[str, Array]
) -> str:
    """Return a doubt where labels are taken for something that the states are computed from."""
    if not {"labels", "one_hot", "step_labels", "step_one_hot"} & binding.calls["forward"].names:
        return ""
    other = {
        n: (a + 1) % case.config.classes for n, a in case.arrays.items() if n.endswith("labels")
    }
    moved = _moved(target, binding, case, whole, name, **other)
    if moved is None:
        return "it does not answer other labels"
    return f"its {name} move with the labels" if moved.any() else ""


def _of_x(
    target: Target, binding: Binding, case: Case, name: str, whole: Mapping[str, Array]
) -> str:
    config = case.config
    for t in (0, config.steps - 1):
        row = config.batch - 1
        x = case.x.copy()
        if config.data == "drawn":
            x[row, t] += LARGE
        else:
            x[row, t] = np.roll(x[row, t], 1)
        moved = _moved(target, binding, case, whole, name, x=x)
        if moved is None:
            return "it does not answer another x"
        if not moved[row].any():
            return f"its {name} do not move with x[:, {t}]"
        others = np.delete(moved, row, axis=0)
        if others.any():
            return f"its {name} of one row move with another row's x"
        if case.config.bidirectional:
            continue  # every state moves with every step's x
        if name == "hidden" and (moved[row, :t].any() or not moved[row, t].any()):
            return f"its states before step {t} move with x[:, {t}]"
        if name == "hidden" and not moved[row, -1].any():
            return f"its last state does not move with x[:, {t}]"
    return ""


def _of_weights(target: Target, binding: Binding, case: Case, whole: Mapping[str, Array]) -> str:
    for parameter in ("W_x", "W_h", "b", "W_out", "b_out"):
        if parameter not in binding.parameters and not _handed(binding, parameter):
            continue
        array = getattr(case, parameter)
        by = np.linspace(LARGE / 4, LARGE, array.size).reshape(array.shape)
        places = ("logits", "every_logits") if parameter.endswith("out") else ("hidden", "logits")
        answered = [name for name in places if name in whole]
        if not answered:
            continue
        moved = [
            _moved(target, binding, case, whole, n, **{parameter: array + by}) for n in answered
        ]
        if not any(m is not None and m.any() for m in moved):
            return f"nothing moves with {parameter}"
    return ""


def _handed(binding: Binding, parameter: str) -> bool:
    return any(parameter in call.names for call in binding.calls.values())


def answers(binding: Binding, seen: Mapping[str, Any]) -> Binding:
    """Return the binding with the places of what was seen as its forward pass's answers."""
    told = {kind: one.text for kind, one in seen.items() if kind != "last" and one.is_answer}
    if "every_logits" in told:
        told.pop("logits", None)  # they are among those of every step
    found = list(told.items())
    forward = replace(binding.calls["forward"], answers=tuple(found))
    return replace(binding, calls={**binding.calls, "forward": forward})
