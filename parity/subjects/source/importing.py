"""Importing: the `import` of an author's files. Their neighbours are read as they are themselves.

The file's own folder comes first, as with `python file.py`, but not before the standard library
and the packages of the harness: a `queue.py` beside the file is nobody else's. Then come installed
packages, and then the folders above. Neighbours are private to one subject: `sys.path` stays as it
is, and two subjects may have different files of one name.
"""

import builtins
import contextlib
import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from parity.subjects.source.definitions import OWN

LEVELS = 4
"""The number of folders above a file in which a package is looked for."""

_PROTECTED = frozenset({"numpy", "torch", "scipy", "parity"})
"""Packages that no file of an author's hides."""

Execute = Callable[[Path, ModuleType], None]


def _open(*arguments: Any, **named: Any) -> Any:
    """Open a file as `open` does at that time: a search for how to ask opens none."""
    return builtins.open(*arguments, **named)  # noqa: PTH123 - it stands for `open` itself


class Importer:
    """The `__import__` of one subject's files; `execute` reads a neighbour into its module."""

    def __init__(self, path: Path, execute: Execute) -> None:
        self._folders = [path.resolve().parent]
        self._path = sys.path[:]
        self._execute = execute
        self._modules: dict[Path, ModuleType] = {}
        self._failed: dict[Path, ImportError] = {}

    def take_over_path(self) -> None:
        """Let this importer alone look in the folders that the author has added to `sys.path`."""
        for entry in [entry for entry in sys.path if entry not in self._path]:
            self._folders.append(self._folders[0] / entry)
            sys.path.remove(entry)

    def module(self, path: Path) -> ModuleType:
        """Return an empty module for a file, in which `import` is this importer's."""
        path = path.resolve()
        name = module_name(path)
        module = ModuleType(name)
        module.__file__ = str(path)
        module.__dict__["__builtins__"] = vars(builtins) | {"__import__": self, "open": _open}
        if path.name == "__init__.py" or path.is_dir():
            module.__path__ = [str(path if path.is_dir() else path.parent)]
        sys.modules[name] = self._modules[path] = module
        return module

    def __call__(
        self,
        name: str,
        namespace: Mapping[str, Any] | None = None,
        _local: Mapping[str, Any] | None = None,
        wanted: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """Import as `__import__` does. Raises ImportError, with the reason in one line."""
        wanted = wanted or ()
        parts = name.split(".") if name else []
        if level:
            here = Path(str((namespace or {})["__file__"])).parent
            base = here.parents[level - 2] if level > 1 else here
            place: Path | None = base
        else:
            place = self._neighbour(parts, wanted)
        if place is None:
            return self._installed(name, parts, wanted)
        return self._chain(place, parts, wanted)

    # -- places ------------------------------------------------------------------------------------

    def _neighbour(self, parts: Sequence[str], wanted: Sequence[str]) -> Path | None:
        """Return the folder beside the file in which a module is, None where it is not there."""
        top = parts[0]
        if top in _PROTECTED or (top in sys.stdlib_module_names and _has(".".join(parts), wanted)):
            return None
        for folder in self._folders:
            found = _file(folder / top)
            if found is not None and (found.is_file() or not _is_installed(top)):
                return folder
        return None

    def _installed(self, name: str, parts: Sequence[str], wanted: Sequence[str]) -> Any:
        """Import an installed module, or one in a folder above."""
        try:
            return builtins.__import__(name, None, None, tuple(wanted), 0)
        except ModuleNotFoundError as error:
            if error.name != parts[0]:
                raise
            for folder in self._above():
                if _is_module(folder.joinpath(*parts), wanted):
                    return self._chain(folder, parts, wanted)
            raise

    def _above(self) -> Iterator[Path]:
        yield from list(self._folders[0].parents)[:LEVELS]

    # -- loading -----------------------------------------------------------------------------------

    def _chain(self, base: Path, parts: Sequence[str], wanted: Sequence[str]) -> ModuleType:
        """Load base/a/b.py for `a.b`; return its module, or that of a without wanted names."""
        if not parts:  # from . import layers
            return self._with(base, base, wanted)
        if wanted:
            return self._with(base.joinpath(*parts), base, wanted)
        top = module = self._loaded(base / parts[0], base)
        for depth, part in enumerate(parts[1:], 2):
            inner = self._loaded(base.joinpath(*parts[:depth]), base)
            setattr(module, part, inner)
            module = inner
        return top

    def _with(self, place: Path, base: Path, wanted: Sequence[str]) -> ModuleType:
        """Load a module, and those of its submodules that are wanted from it.

        The `__init__` of a package is not executed for a submodule's sake.
        """
        submodules = {name: place / name for name in wanted if _file(place / name) is not None}
        lazily = place.is_dir() and submodules and len(submodules) == len(wanted)
        module = self._folder(place) if lazily else self._loaded(place, base)
        if "*" in wanted:
            wanted = [*wanted, *getattr(module, "__all__", ())]
            submodules = {name: place / name for name in wanted if _file(place / name) is not None}
        for name in wanted:
            if name in submodules and not hasattr(module, name):
                setattr(module, name, self._loaded(submodules[name], base))
            elif name != "*" and not hasattr(module, name):
                raise ImportError(_lost(module, name))
        return module

    def _loaded(self, place: Path, base: Path) -> ModuleType:
        file = _file(place)
        if file is None:
            dotted = ".".join(place.relative_to(base).parts) if place != base else base.name
            raise ModuleNotFoundError(
                f"there is no module {dotted!r} in the folder {str(base)!r}", name=dotted
            )
        if file.is_dir():
            return self._folder(file)
        file = file.resolve()
        if file in self._failed:
            raise self._failed[file]
        if file in self._modules:
            return self._modules[file]
        module = self.module(file)
        try:
            self._execute(file, module)
        except ImportError as error:
            self._failed[file] = error
            raise
        return module

    def _folder(self, place: Path) -> ModuleType:
        """Return a package of which nothing is executed."""
        place = place.resolve()
        return self._modules.get(place) or self.module(place)


def module_name(path: Path) -> str:
    """Return the name of a file's module: the same for the same file, another for another."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:10]
    return f"{OWN}{path.stem}_{digest}"


def _file(place: Path) -> Path | None:
    """Return the file of a module or a package; the folder of one without an `__init__`."""
    script, package = place.with_name(f"{place.name}.py"), place / "__init__.py"
    if place.name and script.is_file():
        return script if not package.is_file() else package
    if package.is_file():
        return package
    return place if place.is_dir() else None


def _is_installed(name: str) -> bool:
    with contextlib.suppress(ValueError):  # it is loaded, and does not say from where
        return importlib.util.find_spec(name) is not None
    return True


def _is_module(place: Path, wanted: Sequence[str]) -> bool:
    """Return whether a place is a module, or a folder that has one which is wanted from it."""
    file = _file(place)
    inside = any(_file(place / name) is not None for name in wanted)
    return file is not None and (file.is_file() or inside)


def _has(name: str, wanted: Sequence[str]) -> bool:
    """Return whether a module of the standard library has the names that are wanted from it."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        return False
    return all(part == "*" or hasattr(module, part) for part in wanted)


def _lost(module: ModuleType, name: str) -> str:
    lost = vars(module).get(LOST, {})
    file = Path(str(module.__file__)).name
    return f"{file} does not define {name}" + (f": {lost[name]}" if name in lost else "")


LOST = "__parity_lost__"
"""The attribute of an author's module that holds the names that it did not get, and why."""
