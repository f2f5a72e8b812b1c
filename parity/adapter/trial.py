"""Trial: lines of a draft, executed for a probing case without effects on anything later."""

import contextlib
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.adapter.shapes import SIZES
from parity.model.case import Array, Case
from parity.subjects.silence import silenced
from parity.subjects.time_limit import OutOfTimeError, limited

TIME_LIMIT = 3.0
"""Seconds that one trial may take: beyond them somebody's code hangs."""

HANG = 2000
"""The number of trials that a hang counts for: a few hangs end a search."""

STEPS = SIZES["steps"]

DEPTH = 4
"""Depth to which arrays are searched for in objects, dictionaries and lists."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The values of names after the lines, or the error that ended them."""

    names: dict[str, Any]
    error: BaseException | None = None

    def value(self, expression: str) -> Any:
        """Return the value of an expression, None where it has none."""
        try:
            with quiet():
                return eval(expression, self.names)  # noqa: S307 - the draft's own expression
        except Exception:  # noqa: BLE001 - whatever somebody's object does when looked at
            return None

    def array(self, expression: str) -> Array | None:
        """Return the array that an expression stands for, None where it is not an array."""
        return as_array(self.value(expression))


def tried(lines: Sequence[str], names: Mapping[str, Any]) -> Trial:
    """Execute `lines` with `names` known; nothing they raise or print escapes."""
    own = dict(names)
    try:
        with quiet(), limited(TIME_LIMIT):
            exec("\n".join(lines), own)  # noqa: S102 - executing a subject is the purpose
    except KeyboardInterrupt:
        raise
    except (Exception, SystemExit, OutOfTimeError) as error:  # noqa: BLE001
        return Trial(names=own, error=error)
    return Trial(names=own)


@dataclass(kw_only=True)
class Attempts:
    """Trials, counted up to a limit: a slow machine finds what a fast one finds."""

    most: int
    made: int = 0

    @property
    def left(self) -> bool:
        """Whether another trial is allowed."""
        return self.made < self.most

    def count(self, trial: Trial) -> None:
        """Count a trial."""
        self.made += HANG if isinstance(trial.error, OutOfTimeError) else 1


def answered(run: Callable[[Case], Mapping[str, Any]], case: Case) -> dict[str, Array] | None:
    """Return what a draft answers, as new arrays; None where somebody's code raises."""
    try:
        with quiet():
            return {name: np.array(value) for name, value in run(case).items()}
    except (Exception, SystemExit):  # noqa: BLE001 - somebody's own code; it is judged later
        return None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Undo the effects of somebody's code: prints, warnings and global random numbers."""
    state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with (
            silenced(),
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
        ):
            yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """An array somewhere inside an answer or an object, and the expression that reaches it."""

    expression: str
    array: Array

    @property
    def name(self) -> str:
        """The last part of the expression that is a name: 'Wx' of model.params['Wx']."""
        words = [w for w in _words(self.expression) if not w.isdigit()]
        return words[-1] if words else ""


def _words(expression: str) -> list[str]:
    text = "".join(c if c.isalnum() or c == "_" else " " for c in expression)
    return text.split()


def leaves(expression: str, value: Any, depth: int = DEPTH) -> Iterator[Leaf]:
    """Yield every array in a value: itself, or inside tuples, lists, dictionaries and objects.

    A list or dictionary by time is yielded as one array, too.
    """
    yield from _leaves(expression, value, depth, set())


def _leaves(expression: str, value: Any, depth: int, seen: set[int]) -> Iterator[Leaf]:
    if (array := as_array(value)) is not None:
        yield Leaf(expression=expression, array=array)
        return
    if depth == 0 or id(value) in seen or len(seen) > 400:
        return
    seen.add(id(value))
    for inner, item in _inside(expression, value):
        yield from _leaves(inner, item, depth - 1, seen)
    yield from _stacked(expression, value)


def _inside(expression: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{expression}[{key!r}]", item) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        if len(value) in (STEPS, STEPS + 1) and _by_time(value):
            return [(f"{expression}[-1]", value[-1])]
        return [(f"{expression}[{i}]", item) for i, item in enumerate(value[:40])]
    if isinstance(value, type) or (callable(value) and not hasattr(value, "__dict__")):
        return []
    if type(value).__module__ == "builtins":
        return []
    attributes = {**_slots(value), **getattr(value, "__dict__", {})}
    return [(f"{expression}.{name}", item) for name, item in attributes.items()]


def _by_time(value: Any) -> bool:
    """Return whether the items of a list are alike, as states by step, and not weights."""
    shapes = {
        np.shape(item) if isinstance(item, (np.ndarray, float)) else type(item) for item in value
    }
    return len(shapes) == 1


def _slots(value: Any) -> dict[str, Any]:
    names = [n for kind in type(value).__mro__ for n in getattr(kind, "__slots__", ())]
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _stacked(expression: str, value: Any) -> Iterator[Leaf]:
    """Yield arrays of one shape, by time in a list or dictionary, as one."""
    if isinstance(value, (list, tuple)):
        yield from _stack(f"np.stack({expression})", list(value))
    elif isinstance(value, dict) and value and all(type(key) is int for key in value):
        keys = sorted(value)
        for first in sorted({keys[0], 0, 1} & set(keys)):
            used = [k for k in keys if k >= first]
            if used == list(range(first, used[-1] + 1)):
                end = {-1: "config.steps", 0: "config.steps + 1"}.get(used[-1] - STEPS, used[-1])
                text = f"np.stack([{expression}[t] for t in range({first}, {end})])"
                yield from _stack(text, [value[k] for k in used])


def _stack(text: str, parts: list[Any]) -> Iterator[Leaf]:
    arrays = [as_array(part) for part in parts]
    if len(arrays) > 1 and all(a is not None and a.shape == arrays[0].shape for a in arrays):  # type: ignore[union-attr]
        yield Leaf(expression=text, array=np.stack(arrays))  # type: ignore[arg-type]


def as_array(value: Any) -> Array | None:
    """Return numbers as an array; None for anything else."""
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "fiub" else None
    if isinstance(value, (float, np.floating)):
        return np.asarray(value)
    return None
