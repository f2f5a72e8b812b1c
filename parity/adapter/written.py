"""Written: a binding as a Python file that runs, and as the few lines of a verdict."""

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from parity.adapter.binding import CALLS, Binding, Call, Certainty
from parity.adapter.expressions import is_transposed

WIDTH = 96
"""Columns of a line, without its remark."""

OPEN = "..."
"""The text of an item that nobody knows: a person has to fill it in."""

# -- a file ----------------------------------------------------------------------------------------


def file_of(binding: Binding, title: str, imports: Sequence[str]) -> str:
    """Return a Python file with `run = bind(...)`, an item a line with its remark.

    imports: the lines that make `theirs` the author's module.
    An open item is written as `...`, with what is wanted; then the file says so when it is run.
    """
    needed = [name for name in ("bind", "definitions") if name == "bind" or _uses(imports, name)]
    lines = [f'"""How {title} is asked, as adapt-subject found it: edit it where it is wrong."""']
    if _uses(imports, "Path"):
        lines += ["", "from pathlib import Path"]
    lines += ["", *(line for line in imports if line.startswith("import "))]
    lines += [f"from parity import {', '.join(needed)}", ""]
    lines += [line for line in imports if not line.startswith("import ")]
    lines += ["", "run = bind(", "    theirs,", *_items(binding), ")", ""]
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def _uses(lines: Sequence[str], name: str) -> bool:
    return any(f"{name}(" in line for line in lines)


def _items(binding: Binding) -> Iterator[str]:
    """Yield the lines of every item; one with an open remark and no text is a blank."""
    written = dict(_written(binding))
    blank = [n for n, r in binding.remarks.items() if r.certainty is Certainty.OPEN]
    for name in (*written, *(n for n in blank if n not in written)):
        *first, last = written.get(name, [OPEN])
        remark = binding.remarks.get(name)
        told = remark and f"{remark.certainty}: {remark.text}".rstrip(": ")
        lines = [f"    {name}={text}" for text in first[:1]] + [f"    {text}" for text in first[1:]]
        ending = f"    {last}," if first else f"    {name}={last},"
        yield from (*lines, f"{ending}  # {told}" if told else ending)


def _written(binding: Binding) -> Iterator[tuple[str, list[str]]]:
    """Yield each item's name, and its value as one or more lines."""
    if binding.make:
        yield "make", [_quoted(binding.make)]
    if binding.setup:
        yield "setup", [_listed(binding.setup)]
    for name in ("tensors", "fresh", "by_steps"):
        if getattr(binding, name):
            yield name, ["True"]
    for name, text in (*binding.values.items(), *binding.parameters.items()):
        yield name, [_quoted(text)]
    if binding.reset:
        yield "reset", [_listed(binding.reset)]
    yield from ((n, _call(n, binding.calls[n])) for n in CALLS if n in binding.calls)
    yield from _restrictions(binding)
    if more := [name for name in binding.knows if name not in ("layers", "bidirectional")]:
        yield "options", [repr(more)]
    if binding.lacking:
        yield "lacking", [repr(binding.lacking)]


def _restrictions(binding: Binding) -> Iterator[tuple[str, list[str]]]:
    """Yield the options; `loss` has no item of its own where a call is named so."""
    told = {n: _quoted(v) if isinstance(v, str) else repr(v) for n, v in binding.config.items()}
    yield from ((name, [text]) for name, text in told.items() if name not in binding.calls)
    if clashes := [f'"{name}": {text}' for name, text in told.items() if name in binding.calls]:
        yield "config", [f"{{{', '.join(clashes)}}}"]


def _call(name: str, call: Call) -> list[str]:
    """Return a call as one line, or, where that is too long, as a line for each few answers."""
    whole = _quoted(str(call))
    if len(name) + len(whole) + 6 <= WIDTH or not call.answers:
        return [whole]
    told = [f"{answer}: {where}" for answer, where in call.answers]
    lines = [f"{str(call).partition(' -> ')[0]} -> "]
    for place, text in enumerate(told):
        more = text + (", " if place < len(told) - 1 else "")
        if place and len(lines[-1]) + len(more) + 8 <= WIDTH:
            lines[-1] += more
        else:
            lines.append(more)
    return [_quoted(line) for line in lines]


def _listed(texts: Sequence[str]) -> str:
    return _quoted(texts[0]) if len(texts) == 1 else f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    """Return a text in double quotes, unless it has some itself."""
    if text == OPEN:
        return text
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


# -- a verdict -------------------------------------------------------------------------------------


def summary(binding: Binding) -> tuple[str, ...]:
    """Return how a network is asked, in at most five lines."""
    return tuple(_summary(binding))


def _summary(binding: Binding) -> Iterator[str]:
    made = [binding.make] if binding.make else []
    calls = [_spoken(binding.calls[name]) for name in CALLS if name in binding.calls]
    asked = dict.fromkeys([*made, *binding.setup, *binding.reset, *calls])
    yield f"asked as: {'; '.join(asked)}"
    places = [f"{name}={text}" for name, text in binding.parameters.items()]
    places += [f"{name}={where}" for c in binding.calls.values() for name, where in c.answers]
    if places:
        yield f"arrays: {', '.join(places)}"
    if binding.config:
        yield "only with " + ", ".join(f"{n} {_plain(v)}" for n, v in binding.config.items())
    if said := mixed_layout(binding):
        yield said
    doubtful = [f"{name} ({r.text})" for name, r in binding.remarks.items() if _is_doubtful(r)]
    if doubtful := [text for text in doubtful if text.partition(" (")[0] not in binding.config]:
        yield f"likely, not proven: {', '.join(doubtful)}"


def _spoken(call: Call) -> str:
    return f"{call.loop.value}{call.expression}"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_doubtful(remark: Any) -> bool:
    return remark.certainty is not Certainty.CERTAIN


def mixed_layout(binding: Binding) -> str:
    """Return a line where one of W_x and W_h is held transposed and the other is not."""
    turned = {name: _is_transposed(binding, name) for name in ("W_x", "W_h")}
    if None in turned.values() or turned["W_x"] == turned["W_h"]:
        return ""
    one, other = sorted(turned, key=lambda name: not turned[name])
    copied = "PyTorch's own weights copied in would give other numbers"
    return f"{one} is held transposed, {other} is not: {copied}"


def _is_transposed(binding: Binding, name: str) -> bool | None:
    """Return whether a weight is held or handed over transposed; None where nobody can tell."""
    if name in binding.parameters:
        return is_transposed(binding.parameters[name])
    texts = [call.expression for call in binding.calls.values()]
    texts += [*binding.values.values(), *([binding.make] if binding.make else [])]
    found = [turned for text in texts for turned in _turned_in(text, name)]
    return found[0] if len(set(found)) == 1 else None


def _turned_in(text: str, name: str) -> Iterator[bool]:
    """Yield for each use of a name in an expression whether it is followed by `.T`."""
    tree = ast.parse(text, mode="eval")
    turned = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.value, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name:
            yield node in turned
