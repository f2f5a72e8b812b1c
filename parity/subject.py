"""Subject: anything with `run(case) -> mapping of names to arrays`, found by its name or file."""

import ast
import importlib
import inspect
import re
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from parity import source
from parity.asking import asked, checked, fitting, known
from parity.case import Case
from parity.config import Config
from parity.errors import ConfigError, SubjectError

Run = Callable[[Case], Mapping[str, Any]]

NOT_EXECUTED = "not executed: "
"""What an assumption begins with that is a statement left out."""

_HARNESS = str(Path(__file__).parent)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is judged, and the text that names it on the command line."""

    name: str
    run: Run
    asks: Mapping[str, Any] = field(default_factory=dict)  # the only values of options it takes
    knows: tuple[str, ...] = ()  # the options out of the ordinary that it can be asked with
    offers: tuple[str, ...] | None = None  # the names it answers, where that is known
    assumed: tuple[str, ...] = ()  # what was assumed about it, and what was left out of its file
    lacking: str = ""  # what it has and could not be asked for: a verdict without it is no pass

    def fitting(self, configs: Iterable[Config]) -> tuple[Config, ...]:
        """Return those of `configs` that are for this subject, changed to what it can be asked."""
        return fitting(configs, self.asks, self.knows)

    def asked(self, config: Config, given: Sequence[str] = ()) -> Config:
        """Return `config` changed to what this subject can be asked.

        Raises ConfigError where an option that was `given` says otherwise.
        """
        return asked(config, self.asks, given, self.name, self.knows)


def load(spec: str, *, run_all: bool = False) -> Subject:
    """Find the subject that `spec` names: `module`, `file.py` or `file.ipynb`, each also `:name`.

    A function `run(case)` is taken as it is; a class, other functions, or a file without a `run`
    are adapted: see `adapt-subject`. Of a file only the definitions are executed, unless it has a
    `run` or `run_all` says otherwise.
    Raises SubjectError when there is no such file, module or name, when importing it fails, when
    what it names cannot be called, or when it cannot be told how.
    """
    found = find(spec, run_all=run_all)
    if found.is_run:
        asks = _asks(found)
        lacking = str(getattr(found.module, "LACKING", "")) if found.name == "run" else ""
        told = _told(found.left_out)
        return Subject(
            name=spec,
            run=found.value,
            asks=asks,
            knows=_knows(found),
            assumed=told,
            lacking=lacking,
        )
    from parity.adapting import adapt

    adapted = adapt(found.module, found.name, spec, found.imports)
    if adapted.run is None:
        what = f"{found.place} has no 'run', and it" if not found.name else "it"
        count = len(found.left_out)
        left = f" ({count} statements were not executed: --run-all does it)" if count else ""
        raise SubjectError(
            f"subject {spec!r}: {what} could not be told how to ask for an RNN's states{left}: "
            "adapt-subject prints what is to be written"
        )
    return Subject(
        name=spec,
        run=adapted.run,
        asks=adapted.asks,
        offers=adapted.offers or None,
        assumed=(*adapted.assumed, *_told(found.left_out)),
        lacking=adapted.lacking,
    )


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a name stands for: the module, the name in it, and how to import it again."""

    place: str
    name: str  # empty: the module's functions
    module: ModuleType
    imports: tuple[str, ...]  # lines that make `theirs` the module
    left_out: tuple[str, ...] = ()

    @property
    def value(self) -> Any:
        """What the name stands for."""
        return getattr(self.module, self.name) if self.name else self.module

    @property
    def is_run(self) -> bool:
        """Whether it takes a case, and nothing is to be adapted."""
        return bool(self.name) and takes_case(self.name, self.value)


def takes_case(name: str, value: Any) -> bool:
    """Return whether a function is a `run(case)`: by its name, or its only parameter's."""
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
    """Return whether a parameter is somebody's input, and no case: `run(seq)` is no run(case)."""
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
    """Return whether a file defines `run`, and so was written for this harness."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig")) if path.suffix == ".py" else None
    except (OSError, ValueError, SyntaxError):
        return False  # told when it is read
    body = [] if tree is None else tree.body
    runs = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "run"]
    return any(not node.args.args or not is_input(node.args.args[0].arg) for node in runs)


def _asks(found: Found) -> dict[str, Any]:
    """Return what an adapter's CONFIG says that it can be asked."""
    if found.name != "run" or not hasattr(found.module, "CONFIG"):
        return {}
    try:
        return checked(found.module.CONFIG, found.place)
    except ConfigError as error:
        raise SubjectError(str(error)) from error


def _knows(found: Found) -> tuple[str, ...]:
    """Return the options out of the ordinary that OPTIONS, of the function or its module, names."""
    options = getattr(found.value, "OPTIONS", getattr(found.module, "OPTIONS", ()))
    try:
        return known(options, found.place)
    except ConfigError as error:
        raise SubjectError(str(error)) from error


def _told(left_out: Sequence[str]) -> tuple[str, ...]:
    """Return a line for each statement that was not executed; the last one says how to."""
    *others, last = left_out or [""]
    hint = " (--run-all executes all)"
    return tuple(f"{NOT_EXECUTED}{line}" for line in [*others, f"{last}{hint}"]) if last else ()


def _among(left_out: Sequence[str], name: str) -> str:
    """Return a hint where what was left out of a file may have made a name."""
    lines = [line for line in left_out if name in line]
    return f"; {lines[0]} was not executed: --run-all does it" if lines else ""


def _split(spec: str) -> tuple[str, str]:
    place, colon, name = spec.rpartition(":")
    return (place, name) if colon else (name, "")


def own_traceback(error: BaseException) -> str:
    """Return the traceback of `error` without the frames of this harness and of libraries."""
    trimmed = traceback.TracebackException.from_exception(error)
    own = [f for f in trimmed.stack if not f.filename.startswith((_HARNESS, "<frozen", "<string"))]
    user = [f for f in own if "site-packages" not in f.filename]
    trimmed.stack = traceback.StackSummary.from_list(user or own)
    return "".join(trimmed.format())


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
    except (Exception, SystemExit) as error:
        raise _import_failed(place, error) from error


def _import_failed(place: str, error: BaseException) -> SubjectError:
    return SubjectError(f"subject {place!r} does not import:\n{own_traceback(error).rstrip()}")
