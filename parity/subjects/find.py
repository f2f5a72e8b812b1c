"""Find: import what a name on the command line stands for: a module, a file, a name in it."""

import ast
import importlib
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from parity.model.errors import SubjectError
from parity.subjects import source
from parity.subjects.tracebacks import own_traceback


@dataclass(frozen=True, kw_only=True)
class Found:
    """The meaning of a name: the module, the name in it, and the lines that import it again."""

    place: str
    name: str  # empty: the module's functions
    module: ModuleType
    imports: tuple[str, ...]  # lines that make `theirs` the module
    left_out: tuple[str, ...] = ()

    @property
    def value(self) -> Any:
        """The object that the name stands for."""
        return getattr(self.module, self.name) if self.name else self.module

    @property
    def is_run(self) -> bool:
        """Whether it takes a case, so that no adapter is needed."""
        return bool(self.name) and takes_case(self.name, self.value)


def takes_case(name: str, value: Any) -> bool:
    """Return whether a function is a `run(case)`: by its name, or the name of its parameter."""
    if isinstance(value, type) or not callable(value):
        return False
    try:
        needed = [
            p.name
            for p in inspect.signature(value).parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        return name == "run"
    return needed == ["case"] or (
        name == "run" and len(needed) < 2 and not (needed and is_input(needed[0]))
    )


def is_input(name: str) -> bool:
    """Return whether a parameter is an input and not a case: `run(seq)` is not a run(case)."""
    return re.fullmatch(r"x|xs|x_.*|inputs?|seq.*|data|tokens|self", name.lower()) is not None


def find(spec: str, *, run_all: bool = False) -> Found:
    """Import what `spec` names. Raises SubjectError as `load` does."""
    place, name = (spec, "") if spec.endswith(source.ENDINGS) else _split(spec)
    left_out: tuple[str, ...] = ()
    if place.endswith(source.ENDINGS):
        read = source.read(Path(place), run_all=run_all or _has_run(Path(place)))
        module, left_out = read.module, read.left_out
        every = ", run_all=True" if run_all else ""
        imports = (f"theirs = definitions({str(Path(place).resolve())!r}{every})",)
    else:
        module, imports = _from_module(place), (f"import {place} as theirs",)
    run = getattr(module, "run", None)
    if not name and run is not None and takes_case("run", run):
        name = "run"
    if name and not hasattr(module, name):
        raise SubjectError(f"subject {spec!r}: {place} has no {name!r}{_among(left_out, name)}")
    value = getattr(module, name) if name else None
    if name and not callable(value):
        raise SubjectError(f"subject {spec!r}: {name} must be callable, got {type(value).__name__}")
    return Found(place=place, name=name, module=module, imports=imports, left_out=left_out)


def _has_run(path: Path) -> bool:
    """Return whether a file defines or binds a `run`, and so was written for this harness."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig")) if path.suffix == ".py" else None
    except (OSError, ValueError, SyntaxError):
        return False  # reported when it is read
    body = [] if tree is None else tree.body
    runs = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "run"]
    written = any(not node.args.args or not is_input(node.args.args[0].arg) for node in runs)
    return written or any(map(_binds, body))


def _binds(statement: ast.stmt) -> bool:
    """Return whether a statement is `run = bind(...)`, by any name, or `= parity.bind(...)`."""
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.Call(func=func)):
            return ast.unparse(func) in ("bind", "parity.bind")
    return False


def _among(left_out: Sequence[str], name: str) -> str:
    """Return a hint where a statement that was left out of a file may define the name."""
    lines = [line for line in left_out if name in line]
    return f"; {lines[0]} was not executed: --run-all executes it" if lines else ""


def _split(spec: str) -> tuple[str, str]:
    place, colon, name = spec.rpartition(":")
    return (place, name) if colon else (name, "")


def _from_module(place: str) -> ModuleType:
    if not all(part.isidentifier() for part in place.split(".")):
        raise SubjectError(
            f"subject {place!r} must be a module or a file that ends in .py or .ipynb"
        )
    source.make_importable(Path.cwd())  # as `python -m` does
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and (place == error.name or place.startswith(f"{error.name}.")):
            raise SubjectError(f"subject {place!r}: there is no such module") from error
        raise _import_failed(place, error) from error
    except SubjectError as error:  # a mistake in a binding: its message is for the author
        raise SubjectError(f"subject {place!r}: {error}") from error
    except (Exception, SystemExit) as error:
        raise _import_failed(place, error) from error


def _import_failed(place: str, error: BaseException) -> SubjectError:
    return SubjectError(f"subject {place!r} does not import:\n{own_traceback(error).rstrip()}")
