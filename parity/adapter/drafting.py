"""Drafting by hand: the text that an author completes where the search found nothing."""

import inspect
from types import ModuleType

from parity.adapter.calls import constructions, members, others, parameters
from parity.adapter.ground import Ground
from parity.adapter.names import BACKWARD, FORWARD
from parity.adapter.slots import in_object

NAMES = "hidden, logits, loss, grad/W_x, grad/W_h, grad/b, grad/W_out, grad/b_out, step/W_x, ..."


def skeleton(
    module: ModuleType, name: str, title: str, imports: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Return an adapter to be completed: the certain lines, and the calls that were tried."""
    target = getattr(module, name) if name else module
    lines = [f'"""Adapter for {title}: to be completed at the lines marked with ..."""', ""]
    lines += [
        "import numpy as np",
        "",
        "from parity.adapter.runtime import definitions, upstream",
        "",
    ]
    lines += [*imports, "", "", "def run(case):", "    config = case.config"]
    tried: list[str] = []
    if isinstance(target, type):
        lines += [f"    {line}" for line in _of_class(module, name, target, tried)]
    else:
        known = members(module, FORWARD) + members(module, BACKWARD)
        called = known + others(module, known)
        tried += [_signature(f"theirs.{n}", getattr(module, n)) for n in called]
        lines += [f"    # {line}" for line in tried] + ["    out = ..."]
    lines += ["    return {", f"        # any of {NAMES}", '        "hidden": ...,', "    }"]
    return "\n".join(lines) + "\n", tuple(f"tried {line}" for line in tried)


def _of_class(module: ModuleType, name: str, target: type, tried: list[str]) -> list[str]:
    ground = Ground(module=module, target=target, one_row=False, data="drawn")
    for call in constructions(f"theirs.{name}", target, module):
        trial = ground.tried([f"model = {call.text}"])
        if trial.error is not None:
            tried.append(f"{call.text}: {type(trial.error).__name__}: {trial.error}")
            continue
        sizes = {n: getattr(ground.config, n) for n in ("features", "hidden", "classes")}
        found = in_object(ground.leaves(trial, "model"), ground.axes, sizes)
        weights = [slot.line(slot.forms[0]) for slots in found.values() for slot in slots[:1]]
        model = trial.names["model"]
        known = members(model, FORWARD) + members(model, BACKWARD)
        methods = dict.fromkeys(known + others(model, known))
        asks = [_signature(f"model.{n}", getattr(model, n)) for n in methods]
        tried += asks
        return [f"model = {call.text}", *weights, *(f"# {ask}" for ask in asks), "out = ..."]
    return [f"model = theirs.{name}(...)", "out = ..."]


def _signature(text: str, function: object) -> str:
    if not parameters(function):
        return f"{text}()"
    assert callable(function)
    return f"{text}{inspect.signature(function)}"
