"""Find: import what a name on the command line stands for: a module, a file, a name in it."""

import ast
import importlib
import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from parity.model.errors import Reason, SubjectError
from parity.subjects import source
from parity.subjects.cells import ENDINGS
from parity.subjects.refusals import refuse_name, refuse_whole
from parity.subjects.source.load_errors import does_not_import


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
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return name == "run"
    needed = [p.name for p in parameters if p.default is p.empty and p.kind in _POSITIONAL]
    if needed == ["case"] or name != "run":
        return needed == ["case"]
    if not needed:  # run(*cases), run(case=None), and not the run() of a script
        return any(p.kind is p.VAR_POSITIONAL or p.name == "case" for p in parameters)
    return len(needed) == 1 and not is_other(needed[0])


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def is_other(name: str) -> bool:
    """Return whether a parameter is not a case: `run(seq)` and `run(epochs)` are no run(case)."""
    inputs = r"x|xs|x_.*|inputs?|seq.*|data|tokens|self"
    settings = r"epochs?|n|n_.*|num_.*|args?|argv"
    return re.fullmatch(f"{inputs}|{settings}", name.lower()) is not None


def find(spec: str, *, run_all: bool = False) -> Found:
    """Import what `spec` names. Raises SubjectError as `load` does, with its reason."""
    place, name = (spec, "") if spec.endswith(ENDINGS) else _split(spec)
    read = None
    if place.endswith(ENDINGS):
        read = source.read(Path(place), run_all=run_all or _has_run(Path(place)))
        module = read.module
        every = ", run_all=True" if run_all else ""
        imports = (f"theirs = definitions({str(Path(place).resolve())!r}{every})",)
    else:
        module, imports = _from_module(place), (f"import {place} as theirs",)
    run = getattr(module, "run", None)
    if not name and run is not None and takes_case("run", run):
        name = "run"
    if name:
        refuse_name(spec, place, module, name)
    elif read is not None:
        refuse_whole(spec, read)
    left_out = () if read is None else read.left_out
    return Found(place=place, name=name, module=module, imports=imports, left_out=left_out)


def _has_run(path: Path) -> bool:
    """Return whether a file defines or binds a `run`, and so was written for this harness."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig")) if path.suffix == ".py" else None
    except (OSError, ValueError, SyntaxError):
        return False  # reported when it is read
    body = [] if tree is None else tree.body
    runs = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "run"]
    return any(_takes_case(node.args) for node in runs) or any(map(_binds, body))


def _binds(statement: ast.stmt) -> bool:
    """Return whether a statement is `run = bind(...)`, by any name, or `= parity.bind(...)`."""
    match statement:
        case ast.Assign(targets=[ast.Name()], value=ast.Call(func=func)):
            return ast.unparse(func) in ("bind", "parity.bind")
    return False


def _takes_case(arguments: ast.arguments) -> bool:
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if len(names) == len(arguments.defaults):
        return arguments.vararg is not None or "case" in names
    return len(names) - len(arguments.defaults) == 1 and not is_other(names[0])


def _split(spec: str) -> tuple[str, str]:
    place, colon, name = spec.rpartition(":")
    return (place, name) if colon else (name, "")


def _from_module(place: str) -> ModuleType:
    if not all(part.isidentifier() for part in place.split(".")):
        raise SubjectError(
            f"subject {place!r} must be a module or a file that ends in .py or .ipynb"
        )
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # as `python -m` does
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and (place == error.name or place.startswith(f"{error.name}.")):
            said = f"subject {place!r}: there is no such module"
            raise SubjectError(said, Reason.NO_SUCH_FILE) from error
        raise does_not_import(place, error) from error
    except SubjectError as error:  # a mistake in a binding: its message is for the author
        raise SubjectError(f"subject {place!r}: {error}") from error
    except (Exception, SystemExit) as error:
        raise does_not_import(place, error) from error
