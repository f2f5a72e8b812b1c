"""Trials: a partial binding, run on a probing case, and every array that it has left."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.adapter.attempts import Attempts, Failed, attempt
from parity.adapter.binding import Binding, Call
from parity.adapter.expressions import evaluate
from parity.adapter.running.interpreter import made
from parity.adapter.running.session import Session
from parity.adapter.search.leaves import Leaf, leaves, members
from parity.model.case import Array, Case

NEITHER = "neither"
"""What was seen of a network that does not always have two layers or directions, after all."""

Tweak = Callable[[Session], None]


@dataclass(kw_only=True)
class Target:
    """The code that is asked: a class of a module, or its functions; and the budget."""

    module: Any
    name: str  # of the class; empty for functions
    attempts: Attempts
    tensors: bool = False  # arrays are handed over as PyTorch tensors
    several: str = ""  # the option of which it always has two, as was seen; or NEITHER
    errors: dict[str, BaseException] = field(default_factory=dict)  # by what was tried
    failed: set[str] = field(default_factory=set)  # ways to ask a function that raised
    makers: list[Any] | None = None  # the functions that make weights, once they are known
    ran: dict[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)  # shapes answered

    @property
    def cls(self) -> type | None:
        """The class, None for functions."""
        return getattr(self.module, self.name) if self.name else None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run has left: the session, and its arrays."""

    session: Session
    returned: tuple[Leaf, ...]  # inside of what the last call returned
    held: tuple[Leaf, ...]  # in the object, or in the module's globals
    before: Mapping[str, Array] = field(default_factory=dict)  # held before the last call
    after: Mapping[str, Array] = field(default_factory=dict)  # parameters after a step, by name

    @property
    def found(self) -> list[Leaf]:
        """The arrays of an answer: returned, or held and not as before."""
        changed = [leaf for leaf in self.held if self.has_changed(leaf)]
        return [*self.returned, *changed]

    def has_changed(self, leaf: Leaf) -> bool:
        """Return whether a held array is new, or is not what it was before the call."""
        old = self.before.get(leaf.text)
        return old is None or not np.array_equal(old, leaf.array, equal_nan=True)


def tried(
    target: Target,
    binding: Binding,
    case: Case,
    *,
    tweak: Tweak | None = None,
    title: str = "",
) -> Outcome | Failed:
    """Run a binding on a case, on a new object; `tweak` comes before the last call."""

    def action() -> Outcome:
        model = made(binding, target.module, case) if binding.make else None
        session = Session(binding, target.module, case, model)
        session.set_weights()
        calls = list(binding.calls.items())
        for item, call in calls[:-1]:
            session.call(item, call)
        if tweak is not None:
            tweak(session)
        before = {leaf.text: np.array(leaf.array) for leaf in held(session)}
        for item, call in calls[-1:]:
            session.call(item, call)
        copies = tuple(Leaf(text=leaf.text, array=np.array(leaf.array)) for leaf in held(session))
        return Outcome(
            session=session, held=copies, before=before,
            returned=tuple(returned(session, calls[-1][1] if calls else None)),
            after=_parameters(session) if len(calls) > 1 or "train" in binding.calls else {},
        )  # fmt: skip

    result = attempt(target.module, target.attempts, action)
    if title and isinstance(result, Failed):
        target.errors.setdefault(title, result.error)
    elif title and isinstance(result, Outcome):
        target.ran.setdefault(title, tuple(leaf.array.shape for leaf in result.returned))
    return result


def _parameters(session: Session) -> dict[str, Array]:
    """Return what is at the places of the parameters now: later a module's globals are set back."""
    found = {}
    for name, place, scope in session.places():
        with contextlib.suppress(Exception):  # the author has put something else there
            if (array := borders.as_array(evaluate(place, scope))) is not None:
                found[name] = np.array(array)
    return found


def held(session: Session) -> list[Leaf]:
    """Return the arrays in the object, in the module's globals, and in the named values."""
    found: list[Leaf] = []
    if session.model is not None:
        found += members(session.model)
    for name in session.binding.values:
        found += leaves(name, session.values.get(name))
    if isinstance(session.module, ModuleType):
        found += members(session.module, _globals(session.module))
    return found


def _globals(module: ModuleType) -> list[str]:
    """Return the module's own names that hold arrays, or lists and dictionaries of them."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("__") and isinstance(value, (np.ndarray, dict, list, tuple))
    ]


def returned(session: Session, call: Call | None) -> list[Leaf]:
    """Return the arrays in what a call has returned, by the names that keep it."""
    if call is None:
        return []
    found: list[Leaf] = []
    for name in call.targets or ("out",):
        value = session.values.get(name)
        if name != "_" and value is not None and value is not session.model:
            found += leaves(name, value)
    return [Leaf(text=leaf.text, array=np.array(leaf.array)) for leaf in found]


def perturbed(text: str) -> Tweak:
    """Return a tweak that adds another number to every entry of a held array.

    The same number for all entries would not move a softmax.
    """

    def tweak(session: Session) -> None:
        array = session.value(text)
        by = np.linspace(0.125, 0.5, array.size or 1).reshape(tuple(array.shape))
        if isinstance(array, np.ndarray):
            array += by.astype(array.dtype)
        else:
            array.data += borders.tensor(by).to(array.dtype)

    return tweak
