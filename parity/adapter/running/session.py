"""Session: one run of a binding on a case, piece by piece.

In: a binding, its module, a case and the object. Out: the arrays that the network answers, by the
harness's names, and the values that its calls have left.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.adapter.binding import CALLS, Binding, Call, Loop
from parity.adapter.expressions import assign, evaluate, names_in, put, summands
from parity.adapter.running.joining import AXES_OF_STEPS, BY_STEP, joined, of_cell, split
from parity.adapter.running.pieces import AnswerError, CallError, Piece, raised_here
from parity.adapter.running.scope import HELPERS, SIZES, CaseNames, Scope
from parity.model.case import Array, Case
from parity.model.cell import Cell
from parity.model.errors import SubjectError
from parity.model.names import ArrayName, second_bias, step_name

AXES_OF_A_CELL = {"W_x": 2, "W_h": 2, "b": 1, "b_hh": 1, "h_0": 2, "final": 2}
"""The arrays that every layer and direction has, and how many axes one has."""


CELL_NAMES = frozenset({"layer", "reverse", "direction"})
"""Names of a layer and a direction, in a place or an answer that is read for each of them."""


class Session:
    """One run of a binding on one case."""

    def __init__(self, binding: Binding, module: Any, case: Case, model: Any) -> None:
        self.binding, self.module, self.case, self.model = binding, module, case, model
        self.answers: dict[str, Any] = {}
        self.names = CaseNames(
            case, self.answers, tensors=binding.tensors, single=borders.single(model)
        )
        self.values: dict[str, Any] = {} if model is None else {"model": model, "self": model}
        self.history: dict[str, list[Any]] = {}
        self.begun: dict[str, Any] = {}

    def run(self) -> dict[str, Any]:
        """Make every call of the binding, and return the answers."""
        for piece in self.pieces():
            piece.do()
        return self.result()

    def pieces(self) -> Iterator[Piece]:
        """Yield every piece of the work, in order; each must be done before the next is asked for.

        A training step starts from the weights anew where other calls come before it.
        """
        yield from self._setting()
        for item in CALLS:
            if item in self.binding.calls:
                if item == "train" and len(self.binding.calls) > 1:
                    yield from self._setting()
                call = self.binding.calls[item]
                yield Piece(item, call.expression, functools.partial(self.call, item, call))

    def result(self) -> dict[str, Any]:
        """Return the answers by the names that are compared, in the case's format."""
        config = self.case.config
        none = {"h_0"} if config.initial == "absent" else set()
        none |= {"b", "b_hh"} if config.bias == "absent" else set()
        found = {
            n: a
            for n, a in self.answers.items()
            if not (n.startswith(("grad/", "step/")) and ArrayName.parse(n).quantity in none)
        }
        if not self.case.config.with_final:
            found = {n: a for n, a in found.items() if ArrayName.parse(n).quantity != "final"}
        every = found.pop("every_logits", None)
        if every is not None and self.case.config.kind == "classifier":
            kept = every if self.case.config.every_step else every[:, -1]
            found.setdefault("logits", kept)
        if self.case.config.kind == "layer":
            found = {n: a for n, a in found.items() if n not in ("logits", "loss")}
        return {name: self._in_format(value) for name, value in found.items()}

    def _in_format(self, value: Any) -> Any:
        """Round what was computed in a finer format, as code that converts at its end does."""
        own = self.case.x.dtype
        if (
            isinstance(value, np.ndarray)
            and value.dtype.kind == "f"
            and value.itemsize > own.itemsize
        ):
            with np.errstate(all="ignore"):
                return value.astype(own)
        return value

    # -- weights -----------------------------------------------------------------------------------

    def set_weights(self) -> None:
        """Write the case's weights to their places, after the calls that reset."""
        for piece in self._setting():
            piece.do()

    def _setting(self) -> Iterator[Piece]:
        """Yield the further names, the calls that reset, and the places that are written to."""
        binding = self.binding
        for name, text in binding.values.items():
            yield Piece(name, text, functools.partial(self._name, name, text))
        for text in binding.reset:
            yield Piece("reset", text, functools.partial(evaluate, text, self._arguments()))
        for name, place, scope in self.places():
            yield Piece(name, place, functools.partial(self._set, name, place, scope))

    def _name(self, name: str, text: str) -> None:
        self.values[name] = evaluate(text, self._arguments())

    def _set(self, name: str, place: str, scope: Scope) -> None:
        if name in SIZES:
            put(place, getattr(self.case.config, name), scope)
        else:
            assign(place, self.given(name, place, scope), scope)

    def given(self, name: str, place: str, scope: Scope) -> Array:
        """Return the case's array; of equal initial states one row, where the place holds one.

        States that differ are all written: code that adds them to a batch does not notice.
        """
        array: Array = getattr(self.case, name)
        if ArrayName.parse(name).quantity != "h_0" or (array != array[:1]).any():
            return array
        there = borders.as_array(_value_or_none(place, scope))
        row: Array = array[0]
        return row if there is not None and there.ndim == 1 else array

    def places(self) -> Iterator[tuple[str, str, Scope]]:
        """Yield each parameter of the case that has a place: name, place, and the names known."""
        for name, place in self.binding.parameters.items():
            if name in SIZES:
                yield name, place, self.scope_of(Cell())
                continue
            cells = self.case.config.cells if name in AXES_OF_A_CELL else (Cell(),)
            for cell in cells:
                if hasattr(self.case, cell.name(name)):
                    yield cell.name(name), place, self.scope_of(cell)

    def scope_of(self, cell: Cell) -> Scope:
        """Return the names that a place of a layer and a direction knows: somebody's own first."""
        return self._answers(**of_cell(cell))

    # -- calls -------------------------------------------------------------------------------------

    def _arguments(self, **more: Any) -> Scope:
        return Scope(more, self.values, self.names, self.model, self.module, HELPERS)

    def _answers(self, **more: Any) -> Scope:
        return Scope(more, self.values, self.model, self.module, self.names, HELPERS)

    def call(self, item: str, call: Call) -> None:
        """Make one call, keep what it returns, and read its answers."""
        if call.loop is Loop.ONCE:
            self._bind(call, self._evaluated(call, self._arguments()))
            self._read(call.answers)
        else:
            self._looped(call)
        if item in ("update", "train") and not any(n.startswith("step/") for n, _ in call.answers):
            self._read_steps()

    def _evaluated(self, call: Call, scope: Scope) -> Any:
        try:
            return evaluate(call.expression, scope)
        except Exception as error:
            if raised_here(error):
                said = f"`{call.expression}` raised {type(error).__name__}: {error}"
                raise CallError(said) from error
            raise

    def _bind(self, call: Call, value: Any) -> None:
        if not call.targets:
            self.values["out"] = value
        elif len(call.targets) == 1:
            self.values[call.targets[0]] = value
        else:
            parts = tuple(value)
            if len(parts) < len(call.targets):
                told = f"`{call.expression}` returned {len(parts)} values, not {len(call.targets)}"
                raise SubjectError(told)
            self.values |= dict(zip(call.targets, parts, strict=False))

    def value(self, text: str) -> Any:
        """Return what an expression stands for, as an answer sees it."""
        return evaluate(text, self._answers())

    def _read(self, answers: Any) -> None:
        for name, where in answers:
            self.answers |= self._answer(name, where)

    def read(self, name: str, where: str) -> dict[str, Any]:
        """Return an answer by its name, and do not keep it. Raises AnswerError."""
        return self._answer(name, where)

    def _answer(self, name: str, where: str) -> dict[str, Any]:
        """Return an answer by its name; of several layers or directions, one for each."""
        cells, parsed = self.case.config.cells, ArrayName.parse(name)
        axes = AXES_OF_A_CELL.get(parsed.quantity)
        if axes is None or parsed.cell != Cell():
            return {name: self._value(name, where)}
        if names_in(where) & CELL_NAMES:
            return {c.name(name): self._value(name, where, **of_cell(c)) for c in cells}
        value = self._raw(name, where)
        return {c.name(name): a for c, a in zip(cells, split(value, axes, len(cells)))}  # noqa: B905

    def _value(self, name: str, where: str, **more: Any) -> Any:
        return borders.answer(self._raw(name, where, **more))

    def _raw(self, name: str, where: str, **more: Any) -> Any:
        try:
            return evaluate(where, self._answers(**more))
        except Exception as error:
            said = f"the answer `{name}: {where}` raised {type(error).__name__}: {error}"
            raise AnswerError(said) from error

    def _read_steps(self) -> None:
        """Read the parameters after an update; of two biases, each of them."""
        for name, place, scope in self.places():
            if name not in self.case.parameters:
                continue
            both = summands(place)
            named = {name: place} if both is None else {name: both[0], second_bias(name): both[1]}
            for own, text in named.items():
                self.answers[step_name(1, own)] = borders.answer(evaluate(text, scope))

    def _looped(self, call: Call) -> None:
        """Call once for every step: the state goes from each step to the next.

        A name on both sides begins as h_0, or as a named value says; from the last step to the
        first it begins as zeros. `h_before` is the value of h at the step before. States, logits
        and whatever depends on what the call returns are joined along time, or summed for a
        parameter; others are read after the last step, and so is an array that has all steps.
        """
        steps = range(self.case.config.steps)
        backward = call.loop is Loop.BACKWARD
        state = [n for n in call.targets if n in call.names]
        for name in state:
            start = self.values[name] if name in self.binding.values else self.names["h_0"]
            self.values[name] = start * 0 if backward else start + 0  # a cell may write into it
            self.begun.setdefault(name, start)
        returned = {*call.targets, "out"}
        by_step = [a for a in call.answers if a[0] in BY_STEP or names_in(a[1]) & returned]
        found: dict[str, list[Any]] = {name: [] for name, _ in by_step}
        kept: dict[str, list[Any]] = {name: [] for name in (*call.targets, "out")}
        for t in reversed(steps) if backward else steps:
            more = {"t": t, **self._at(t)} if backward else {"t": t}
            more = {k: v for k, v in more.items() if k not in call.targets or k == "t"}
            self._bind(call, self._evaluated(call, self._arguments(**more)))
            for name, values in kept.items():
                if name in self.values:
                    values.append(self.values[name])
            for name, where in by_step:
                found[name].append(self._value(name, where, t=t))
        if not backward:
            self.history |= {n: values for n, values in kept.items() if len(values) == len(steps)}
        for name, values in found.items():
            whole = name in BY_STEP and np.ndim(values[-1]) == AXES_OF_STEPS
            ordered = values[::-1] if backward else values
            self.answers[name] = values[-1] if whole else joined(name, ordered)
        self._read([a for a in call.answers if a not in by_step])

    def _at(self, t: int) -> dict[str, Any]:
        found = {name: values[t] for name, values in self.history.items()}
        for name, values in self.history.items():
            before = values[t - 1] if t else self.begun.get(name)
            found[f"{name}_before"] = before
        return found


def _value_or_none(text: str, scope: Scope) -> Any:
    try:
        return evaluate(text, scope)
    except Exception:  # noqa: BLE001 - not set yet: whatever somebody's object raises
        return None
