"""Attempts: a binding, run on a probing case without effects on anything later, and counted."""

import builtins
import contextlib
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from parity.subjects.silence import silenced
from parity.subjects.time_limit import OutOfTimeError, limited

T = TypeVar("T")

TIME_LIMIT = 3.0
"""Seconds that one attempt may take: beyond them somebody's code hangs."""

HANG = 1000
"""The number of attempts that a hang counts for: a few hangs end a search."""


@dataclass(kw_only=True)
class Attempts:
    """Attempts, counted up to a limit: a slow machine finds what a fast one finds."""

    most: int
    made: int = 0

    @property
    def left(self) -> bool:
        """Whether another attempt is allowed."""
        return self.made < self.most

    def part(self, most: int) -> "Attempts":
        """Return a budget for a part of the search, within this one."""
        return Attempts(most=min(most, self.most - self.made))


@dataclass(frozen=True, kw_only=True)
class Failed:
    """An attempt that raised."""

    error: BaseException


def attempt(module: Any, attempts: Attempts, action: Callable[[], T]) -> T | Failed:
    """Return what `action` returns, or its error; globals of the module are set back."""
    attempts.made += 1
    namespace = vars(module) if isinstance(module, ModuleType) else {}
    before, inside = dict(namespace), _inside(namespace)
    try:
        with quiet(), _without_files(), limited(TIME_LIMIT):
            return action()
    except KeyboardInterrupt:
        raise
    except OutOfTimeError as error:
        attempts.made += HANG
        return Failed(error=error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever somebody's code raises
        return Failed(error=error)
    finally:
        if namespace:
            _set_back(namespace, before, inside)


def _inside(namespace: dict[str, Any]) -> dict[str, dict[Any, Any]]:
    """Return the items of the dictionaries among a module's globals."""
    own = namespace.items()
    return {n: dict(v) for n, v in own if type(v) is dict and not n.startswith("__")}


def _set_back(
    namespace: dict[str, Any], before: dict[str, Any], inside: dict[str, dict[Any, Any]]
) -> None:
    for name in [n for n in namespace if n not in before]:
        del namespace[name]
    namespace.update(before)
    for name, items in inside.items():
        namespace[name].clear()
        namespace[name].update(items)


@contextlib.contextmanager
def _without_files() -> Iterator[None]:
    """Let no file be opened: a method that saves is called as any other, with any argument."""
    plain = builtins.open
    builtins.open = _no_file  # type: ignore[assignment]
    try:
        yield
    finally:
        builtins.open = plain


def _no_file(path: Any, *_: Any, **__: Any) -> Any:
    raise PermissionError(f"a file is not opened while it is found out how to ask: {path!r}")


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
