"""Stand-ins: a name that is not there, mostly since its import has failed.

It says so when it is used, and not before.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class MissingError(ImportError):
    """A name was used that is not there; the message says why, and the line."""


class StandIn:
    """A name that is not there, and everything below it.

    It may be named, be a base class, an annotation or a decorator: then it has no effect. Any
    other use raises MissingError. `tqdm(x)` is x, `numba.jit(f)` is f, and the decorators that
    make a function a method of a class do so.
    """

    __slots__ = ("_name", "_why")

    def __init__(self, name: str, why: str) -> None:
        self._name = name  # "tqdm.auto.tqdm"
        self._why = why

    def __repr__(self) -> str:
        return f"<{self._name}: {self._why}>"

    def __getattr__(self, name: str) -> "StandIn":
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self._name}.{name}", self._why)

    def __getitem__(self, key: object) -> "StandIn":
        return self

    def __or__(self, other: object) -> "StandIn":
        return self

    __ror__ = __or__

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return ()

    def __instancecheck__(self, value: object) -> bool:
        return False

    def __call__(self, *given: Any, **_named: Any) -> Any:
        """Raise MissingError, but for a function that only decorates."""
        if (harmless := _harmless(self._name)) is not None:
            return harmless(given)
        raise MissingError(f"{self._name} {self._why}")

    def _used(self, *_given: Any) -> Any:
        raise MissingError(f"{self._name} {self._why}")

    __iter__ = __len__ = __bool__ = __float__ = __int__ = __index__ = __array__ = _used
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _used
    __truediv__ = __rtruediv__ = __matmul__ = __rmatmul__ = __pow__ = __rpow__ = _used
    __setitem__ = __enter__ = __lt__ = __gt__ = __le__ = __ge__ = __contains__ = _used

    def __exit__(self, *raised: object) -> None:
        """Needed where `with` looks for it; `__enter__` has raised before."""


def why(stand_in: StandIn) -> str:
    """Return why the import of a name has failed, and where."""
    return stand_in._why  # noqa: SLF001 - any other attribute is a stand-in itself


def stand_ins(statement: ast.Import | ast.ImportFrom, why: str) -> dict[str, StandIn]:
    """Return stand-ins for the names that an import would have made; none for `*`."""
    found = {}
    for alias in statement.names:
        top = alias.name.partition(".")[0]
        if isinstance(statement, ast.ImportFrom):
            full, bound = f"{statement.module or ''}.{alias.name}", alias.asname or alias.name
        else:
            full, bound = (alias.name, alias.asname) if alias.asname else (top, top)
        found[bound] = StandIn(full, why)
    return {name: stand_in for name, stand_in in found.items() if name != "*"}


def drop_missing_decorators(statement: ast.stmt, names: Mapping[str, Any]) -> None:
    """Take away decorators that are stand-ins: the function is the author's without them."""
    for part in ast.walk(statement):
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            part.decorator_list = [d for d in part.decorator_list if not _is_missing(d, names)]


def _is_missing(decorator: ast.expr, names: Mapping[str, Any]) -> bool:
    """Return whether a decorator is not there, and what it does is not known, either."""
    value = decorator.func if isinstance(decorator, ast.Call) else decorator
    top, *below = ast.unparse(value).split(".")
    found = names.get(top)
    return isinstance(found, StandIn) and _harmless(".".join([found._name, *below])) is None  # noqa: SLF001


def _harmless(name: str) -> Callable[[Sequence[Any]], Any] | None:
    return _HARMLESS.get((name.partition(".")[0], name.rpartition(".")[2]))


def _first(given: Sequence[Any]) -> Any:
    return given[0] if given else ()


def _decorated(given: Sequence[Any]) -> Any:
    """Return the function of `@jit`, and what `@jit(...)` then decorates with."""
    return given[0] if given and callable(given[0]) else lambda function: function


def _added_to(given: Sequence[Any]) -> Any:
    """Return a decorator that makes a function a method of a class."""

    def add(function: Any) -> Any:
        setattr(given[0], function.__name__, function)
        return function

    return add


def _patched(given: Sequence[Any]) -> Any:
    """Make a function a method of the class that its first parameter is annotated with."""
    (function,) = given
    return _added_to([next(iter(function.__annotations__.values()))])(function)


_HARMLESS: dict[tuple[str, str], Callable[[Sequence[Any]], Any]] = {
    ("tqdm", "tqdm"): _first,
    ("tqdm", "trange"): lambda given: range(*given),
    ("numba", "jit"): _decorated,
    ("numba", "njit"): _decorated,
    ("numba", "prange"): lambda given: range(*given),
    ("d2l", "add_to_class"): _added_to,
    ("fastcore", "patch"): _patched,
}
"""What a missing package only decorates, by package and last name."""
