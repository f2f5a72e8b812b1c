"""Definitions: a file's functions, classes and constants, as a written binding reaches them."""

from pathlib import Path
from types import ModuleType

from parity.subjects import source


def definitions(path: str | Path, *, run_all: bool = False) -> ModuleType:
    """Return the functions, classes and constants of a script or notebook as a module.

    Raises SubjectError when there is no such file or it is not Python.
    """
    return source.read(Path(path), run_all=run_all).module
