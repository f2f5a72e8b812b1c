"""Binding: how a network written by somebody is asked, as a value that a person can read and write.

| item         | text                                                    |
|--------------|---------------------------------------------------------|
| make         | `CharRNN(hidden, features, classes)`                    |
| a parameter  | `W_x="Wxh.T"`: the place of W_x, in the layout (in, out) |
| a call       | `forward="h, cache = forward(x) -> hidden: h"`          |
| one step     | `forward="for t: h = step(x[:, t], h) -> hidden: h"`    |

A call is Python: names on its left keep what it returns (`out`, without any). After the arrow
stands where each answer is, in the harness's own layouts.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from parity.adapter.expressions import parsed
from parity.model.errors import SubjectError


class BindError(SubjectError):
    """A mistake in a binding; the message is one line that names the item."""


class Certainty(StrEnum):
    """How much is known of an item of a binding."""

    CERTAIN = "certain"  # proven: by its values, or by what moves when one entry is changed
    LIKELY = "likely"  # a name or a convention says so
    OPEN = "open"  # nobody knows; a person has to say


@dataclass(frozen=True, kw_only=True)
class Remark:
    """How much is known of one item, and why."""

    certainty: Certainty
    text: str = ""


class Loop(StrEnum):
    """Over which steps a call is repeated."""

    ONCE = ""
    FORWARD = "for t: "
    BACKWARD = "for t reversed: "


_LOOP = re.compile(r"for\s+t(?:\s+in\s+steps)?(\s+reversed)?\s*:\s*")
_ANSWER = re.compile(r"\s*([A-Za-z_][\w/]*)\s*:\s*")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of somebody's code: `targets = expression`, once or at every step, and its answers."""

    expression: str
    targets: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()  # (name of an array, where it is)
    loop: Loop = Loop.ONCE

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form. Raises SubjectError, which names the wrong part."""
        statement, _, told = text.partition("->")
        loop = Loop.ONCE
        if found := _LOOP.match(statement.strip()):
            loop = Loop.BACKWARD if found[1] else Loop.FORWARD
            statement = statement.strip()[found.end() :]
        targets, expression = _split_statement(statement.strip())
        answers = tuple(_answers(told))
        return cls(expression=expression, targets=targets, answers=answers, loop=loop)

    def __str__(self) -> str:
        left = f"{', '.join(self.targets)} = " if self.targets else ""
        right = ", ".join(f"{name}: {where}" for name, where in self.answers)
        return f"{self.loop.value}{left}{self.expression}" + (f" -> {right}" if right else "")

    @property
    def names(self) -> frozenset[str]:
        """The names that it uses."""
        return parsed(self.expression).names


def _split_statement(text: str) -> tuple[tuple[str, ...], str]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        raise SubjectError(f"`{text}` is not a Python call") from error
    match body:
        case [ast.Expr(value=value)]:
            return (), ast.unparse(value)
        case [ast.Assign(targets=[ast.Name(id=name)], value=value)]:
            return (name,), ast.unparse(value)
        case [ast.Assign(targets=[ast.Tuple(elts=elts)], value=value)]:
            return tuple(ast.unparse(target) for target in elts), ast.unparse(value)
    raise SubjectError(f"`{text}` must be one call, as in `h, cache = forward(x)`")


def _answers(told: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of `hidden: h, logits: out[1]`; commas inside brackets separate nothing."""
    for part in _at_commas(told):
        found = _ANSWER.match(part)
        if found is None:
            raise SubjectError(f"`{part.strip()}` must be an answer, as in `hidden: states.T`")
        where = part[found.end() :].strip()
        parsed(where)
        yield found[1], where


def _at_commas(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    if text[start:].strip():
        yield text[start:]


CALLS = ("forward", "loss", "backward", "update", "train")
"""The calls in the order in which they are made. `train` starts from the weights anew."""


@dataclass(frozen=True, kw_only=True)
class Binding:
    """How a network is made, where its parameters are, what is called, where the answers are."""

    make: str = ""  # empty: functions, and no object
    setup: tuple[str, ...] = ()  # calls that come once, after it is made
    values: Mapping[str, str] = field(default_factory=dict)  # further names: `params="{}"`
    parameters: Mapping[str, str] = field(default_factory=dict)  # places, by the harness's names
    reset: tuple[str, ...] = ()  # calls that come before every case
    calls: Mapping[str, Call] = field(default_factory=dict)  # by one of CALLS
    tensors: bool = False  # arrays are handed over as PyTorch tensors
    fresh: bool = False  # an object of its own for every case
    by_steps: bool = False  # its gradients are read off its steps: (w - w') / lr
    config: Mapping[str, Any] = field(default_factory=dict)  # the only values that it supports
    knows: tuple[str, ...] = ()  # the further options that it supports
    lacking: str = ""  # a part of the code that is not asked for: it never passes without it
    remarks: Mapping[str, Remark] = field(default_factory=dict)  # by the name of an item

    def __post_init__(self) -> None:
        for name in ("values", "parameters", "calls", "config", "remarks"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield every item as its name and its text, in the order in which it is used."""
        yield from (("make", self.make),) if self.make else ()
        yield from (("setup", "; ".join(self.setup)),) if self.setup else ()
        yield from self.values.items()
        yield from self.parameters.items()
        yield from (("reset", "; ".join(self.reset)),) if self.reset else ()
        yield from ((name, str(self.calls[name])) for name in CALLS if name in self.calls)

    def certainty(self, item: str) -> Certainty:
        """Return how much is known of an item; what a person has written is certain."""
        return self.remarks[item].certainty if item in self.remarks else Certainty.CERTAIN
