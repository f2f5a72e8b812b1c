"""Subject: anything with `run(case) -> mapping of names to arrays`, found by its name or file."""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from parity.case import Case
from parity.errors import SubjectError

Run = Callable[[Case], Mapping[str, Any]]

_HARNESS = str(Path(__file__).parent)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is judged, and the text that names it on the command line."""

    name: str
    run: Run
    assumed: tuple[str, ...] = ()  # what was assumed of it or left out, a line each


def load(spec: str) -> Subject:
    """Import the subject that `spec` names: `module`, `module:name`, `file.py` or `file.py:name`.

    Without a name it is `run`. Raises SubjectError when there is no such file, module or name,
    when importing it fails, or when what it names cannot be called.
    """
    place, name = (spec, "") if spec.endswith(".py") else _split(spec)
    module = _from_file(Path(place)) if place.endswith(".py") else _from_module(place)
    name = name or "run"
    if not hasattr(module, name):
        raise SubjectError(f"subject {spec!r}: {place} has no {name!r}")
    run = getattr(module, name)
    if not callable(run):
        raise SubjectError(f"subject {spec!r}: {name} must be callable, got {type(run).__name__}")
    return Subject(name=spec, run=run)


def _split(spec: str) -> tuple[str, str]:
    place, colon, name = spec.rpartition(":")
    return (place, name) if colon else (name, "")


def own_traceback(error: BaseException) -> str:
    """Return the traceback of `error` without the frames of this harness and of libraries."""
    trimmed = traceback.TracebackException.from_exception(error)
    own = [f for f in trimmed.stack if not f.filename.startswith((_HARNESS, "<frozen"))]
    user = [f for f in own if "site-packages" not in f.filename]
    trimmed.stack = traceback.StackSummary.from_list(user or own)
    return "".join(trimmed.format())


def _from_module(place: str) -> ModuleType:
    if not all(part.isidentifier() for part in place.split(".")):
        raise SubjectError(f"subject {place!r} must be a module or a file that ends in .py")
    _make_importable(Path.cwd())  # as `python -m` does
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and (place == error.name or place.startswith(f"{error.name}.")):
            raise SubjectError(f"subject {place!r}: there is no such module") from error
        raise _import_failed(place, error) from error
    except (Exception, SystemExit) as error:
        raise _import_failed(place, error) from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise SubjectError(f"subject {str(path)!r}: there is no such file")
    name = f"_subject_{path.stem}_{abs(hash(path.resolve()))}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a .py file always has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _make_importable(path.resolve().parent)  # as `python file.py` does: siblings import
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _import_failed(str(path), error) from error
    return module


def _make_importable(folder: Path) -> None:
    """Put `folder` first on the path, for good: a subject may import only when it runs."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _import_failed(place: str, error: BaseException) -> SubjectError:
    return SubjectError(f"subject {place!r} does not import:\n{own_traceback(error).rstrip()}")
