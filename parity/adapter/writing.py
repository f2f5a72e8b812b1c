"""Writing: a draft as a Python file that people read, run and edit."""

from collections.abc import Iterator, Sequence

from parity.adapter.draft import ORDER, Draft
from parity.adapter.gradients import prelude

AIDS = (
    "ACTIVATIONS", "by_steps", "d_logits", "definitions", "one_hot", "softmax", "upstream",
)  # fmt: skip


SAID = {
    "squared": "half the squared distance from one-hot labels",
    "steps": "a sum over steps",
    "squared-steps": "half the squared distance from one-hot labels, a sum over steps",
}


def file_of(draft: Draft, title: str, imported: Sequence[str]) -> str:
    """Return the whole file. `imported`: the lines that make `theirs` the author's module."""
    body = text_of(draft, imports=imported)
    used = [name for name in AIDS if f"{name}" in _words(body)]
    words = _words(body)
    standard = ["import functools"] * ("functools" in words)
    standard += ["from pathlib import Path"] * ("__file__" in words)
    groups = [
        [f'"""Adapter for {title}, as adapt-subject made it: edit it where it is wrong."""'],
        standard,
        ["import numpy as np"] * ("np" in words),
        [f"from parity.adapter.runtime import {', '.join(used)}"] * bool(used),
    ]
    head = [line for group in groups if group for line in (*group, "")]
    return "\n".join(head) + "\n" + body


def text_of(draft: Draft, imports: Sequence[str]) -> str:
    """Return the adapter from the line on that names the module."""
    lines = [*imports]
    if "make(" in "\n".join(draft.forward.made):
        if draft.fresh:
            lines.append(f"make = theirs.{draft.name}  # a new one each time: a step changes more")
        else:
            cached = f"make = functools.cache(theirs.{draft.name})"
            lines.append(f"{cached}  # one object a size: what a call leaves behind is seen")
    if draft.asks:
        asks = ", ".join(
            f'"{name}": {_literal(value)}' for name, value in sorted(draft.asks.items())
        )
        lines.append(f"CONFIG = {{{asks}}}  # all that it can be asked")
    if draft.lacking:
        lines.append(f"LACKING = {_literal(draft.lacking)}  # so no verdict is a pass")
    lines += ["", ""]
    if draft.by_steps:
        lines.append("@by_steps  # it changes its weights: gradients are (w - w') / lr")
    lines += ["def run(case):", *(f"    {line}" for line in _body(draft))]
    return "\n".join(lines).lstrip("\n") + "\n"


def _body(draft: Draft) -> Iterator[str]:
    found = draft.backward
    backward = list(found.lines) if found is not None else []
    lines = [*draft.forward.lines, *prelude(draft.forward, backward), *backward]
    factor = found.factor if found is not None else "1"
    lines = _at_our_rate(lines, factor)
    if "config" in _words("\n".join(lines)) or draft.cast:
        yield "config = case.config"
    updates = [line for line in backward if " = " not in line]
    yield from (line for line in lines if line not in _at_our_rate(updates, factor))
    answers = dict(_answers(draft, factor))
    steps = {n: text for n, text in answers.items() if updates and n.startswith("step/")}
    dtype = ", config.dtype" if draft.cast else ""
    copied = f"{{name: np.array(array{dtype}) for name, array in answer.items()}}"
    opening = "answer = {" if draft.cast or steps else "return {"
    yield opening
    yield from (f'    "{name}": {text},' for name, text in answers.items() if name not in steps)
    yield "}"
    if steps:
        yield f"answer = {copied}  # before a step changes them"
        yield from _at_our_rate(updates, factor)
        yield "answer |= {" if draft.cast else "return answer | {"
        yield from (f'    "{name}": {text},' for name, text in steps.items())
        yield "}"
    if draft.cast:
        yield "# it computes in float64 whatever it is given"
        yield f"return {copied}"


def _at_our_rate(lines: Sequence[str], factor: str) -> list[str]:
    """Return lines with a learning rate at which a loss of other size moves weights as ours."""
    if factor == "1":
        return list(lines)
    return [line.replace("case.lr", f"case.lr / ({factor})") for line in lines]


def _answers(draft: Draft, factor: str) -> Iterator[tuple[str, str]]:
    seen, found = draft.forward.seen, draft.backward
    if "hidden" in seen:
        yield "hidden", seen["hidden"].expression
    every = found is not None and found.kind.endswith("steps")
    logits = seen.get("every_logits" if every else "logits")
    if (
        logits is not None
        and not logits.right.endswith("probabilities")
        and (draft.asks.get("kind") == "classifier")
    ):
        yield "logits", logits.expression
    if found is None:
        return
    if found.loss is not None:
        yield "loss", _over(found.loss, factor)
    for name in ORDER:
        if name in found.gradients:
            yield f"grad/{name}", _over(found.gradients[name], factor)
    for name in ORDER:
        if name in found.steps:
            yield f"step/{name}", found.steps[name]


def _over(text: str, factor: str) -> str:
    if factor == "1":
        return text
    if factor.startswith("1 / "):
        return f"{text} * {factor.removeprefix('1 / ')}"
    return f"{text} / ({factor})"


def _literal(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _words(text: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


def assumptions(draft: Draft) -> Iterator[str]:
    """Yield the assumptions, a line each."""
    if draft.others:
        yield f"judged is {draft.name}, not {', '.join(draft.others)}"
    found = draft.backward
    call = draft.forward.call.text
    then = [line.removeprefix("back = ") for line in found.lines] if found is not None else []
    yield ", then ".join([f"asked as {call}", *then])
    turned = [form.comment() for _, form in draft.forward.slots if form.parts == ("W_h",)]
    if turned == ["used as W_h @ h"]:
        yield "its weights are transposed: W_h @ h"
    if draft.asks:
        yield "asked only with " + ", ".join(f"{k} {v}" for k, v in sorted(draft.asks.items()))
    if draft.ground.one_row:
        yield "it takes one sequence at a time"
    if found is not None and found.factor != "1":
        yield f"its loss, with its gradients, is ours times {found.factor}: divided here"
    if found is not None and found.kind in SAID:
        said = SAID
        yield f"its loss is {said[found.kind]}"
    if draft.by_steps:
        yield "its gradients are (w - w') / lr"
    if draft.cast:
        yield "it answers in float64 whatever it is given: rounded to the case's dtype"
