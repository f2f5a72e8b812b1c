"""Own source: the files of a subject whose lines are its own, without libraries and the harness."""

import inspect
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from parity.model.errors import SubjectError
from parity.subjects.cells import ENDINGS, cells

_HARNESS = Path(__file__).parents[1]

_LIBRARIES = tuple(
    Path(sysconfig.get_path(name)).resolve()
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)

LONGEST = 200_000
"""Characters of one file that is looked at: a longer one is no script of an author."""


@dataclass(frozen=True, kw_only=True)
class OwnSource:
    """One file, or one cell of a notebook, with lines of a subject."""

    file: str  # as tracebacks show it
    text: str
    names: tuple[str, ...] | None = None  # the classes and functions that count; None: all


def own_sources(spec: str) -> tuple[OwnSource, ...]:
    """Return the sources of a subject that is loaded, first those of its own module.

    Of other files of the author only the classes and functions count that the module imports,
    and everything where it imports the module itself.
    """
    place = spec if spec.endswith(ENDINGS) else spec.rpartition(":")[0] or spec
    module = _loaded(place)
    if module is None:
        return ()
    found: dict[str, set[str] | None] = {}
    _note_module(found, module)
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            if _is_own(value, module):
                _note_module(found, value)
        elif inspect.isfunction(value) or isinstance(value, type):
            _note_object(found, value, module)
    return tuple(_read(found))


def _loaded(place: str) -> ModuleType | None:
    if not place.endswith(ENDINGS):
        return sys.modules.get(place)
    path = Path(place).resolve()
    same = [m for m in list(sys.modules.values()) if _may_be(m, path.name)]
    return next((m for m in reversed(same) if Path(m.__file__ or "").resolve() == path), None)


def _may_be(module: Any, name: str) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(module, ModuleType) and isinstance(file, str) and file.endswith(name)


def _note_module(found: dict[str, set[str] | None], module: ModuleType) -> None:
    file = _file(module)
    if file is not None:
        found[file] = None


def _note_object(found: dict[str, set[str] | None], value: Any, importer: ModuleType) -> None:
    home = sys.modules.get(str(value.__module__))
    file = None if home is None or home is importer else _file(home)
    if home is None or file is None or not _is_own(home, importer):
        return
    names = found.setdefault(file, set())
    if names is not None:
        names.add(value.__name__)


def _file(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) and file.endswith(ENDINGS) else None


def _is_own(module: ModuleType, importer: ModuleType) -> bool:
    """Return whether a module was written by the author of the one that imports it.

    It stands beside it or below it, or was loaded as a subject's file.
    """
    file, own = _file(module), _file(importer)
    if file is None or own is None:
        return False
    path, folder = Path(file).resolve(), Path(own).resolve().parent
    if _is_harness(Path(file)) and not _is_harness(Path(own)):
        return False
    if any(path.is_relative_to(lib) and not folder.is_relative_to(lib) for lib in _LIBRARIES):
        return False
    by_hand = module.__spec__ is None  # loaded as a subject's file is
    return by_hand or path.is_relative_to(folder)


def _is_harness(path: Path) -> bool:
    return path.absolute().is_relative_to(_HARNESS)


def _read(found: dict[str, set[str] | None]) -> Iterator[OwnSource]:
    for file, names in found.items():
        try:
            parts = cells(Path(file))
        except SubjectError:
            continue
        own = None if names is None else tuple(sorted(names))
        for cell in parts:
            if len(cell.text) <= LONGEST:
                yield OwnSource(file=cell.filename, text=cell.text, names=own)
