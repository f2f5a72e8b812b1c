"""Mutants: copies of a right network with mistakes in their source, as subjects."""

import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from parity.model.config import Config
from parity.reference.mistakes import CATALOGUE
from parity.reference.mistakes.mistake import Mistake
from parity.subjects.subject import Subject
from tests.support.planted import PLANTED, Edit
from tests.support.planted_options import PLANTED_OPTIONS

ROOT = Path(__file__).parents[2]


class CannotPlantError(Exception):
    """What an edit replaces does not stand exactly once, or what it makes is no Python."""


def planted() -> dict[Mistake, tuple[Edit, ...]]:
    """Return the mistakes that are planted into a plain network, each with its number."""
    found = {}
    for mistake in CATALOGUE:
        if mistake.says in PLANTED:
            value, edits = PLANTED[mistake.says]
            found[mistake if value is None else mistake.having([value])[0]] = edits
    return found


def planted_options() -> dict[Mistake, tuple[Config, tuple[Edit, ...]]]:
    """Return the mistakes in options, each with a configuration that shows it."""
    known = {mistake.says: mistake for mistake in CATALOGUE}
    return {
        known[says]: (Config.parse(name), edits) for says, (name, edits) in PLANTED_OPTIONS.items()
    }


def plant(edits: Sequence[Edit], folder: Path, name: str = "mutant") -> Path:
    """Copy a network into `folder` with the edits made, one after the other; return the copy.

    Raises CannotPlantError where what an edit replaces does not stand exactly once, or where they
    are of two networks.
    """
    (package, *others) = dict.fromkeys(edit.into for edit in edits)
    if others:
        raise CannotPlantError(f"{package} and {', '.join(others)} are two networks")
    copy = folder / name
    shutil.copytree(
        ROOT / package.replace(".", "/"), copy, ignore=shutil.ignore_patterns("__pycache__")
    )
    for file in copy.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        for edit in edits:
            if edit.file != file.name:
                continue
            if text.count(edit.old) != 1:
                raise CannotPlantError(
                    f"{edit.old!r} stands {text.count(edit.old)} times in {file}"
                )
            text = text.replace(edit.old, edit.new)
        own = re.sub(rf"\bfrom {package}\b", f"from {name}", text)
        file.write_text(own, encoding="utf-8")
    return copy


def load(edits: Sequence[Edit]) -> Subject:
    """Import a planted copy as a subject. Raises CannotPlantError as `plant` does."""
    name = "mutant"
    with tempfile.TemporaryDirectory() as folder:
        copy = plant(edits, Path(folder), name)
        for module in [m for m in sys.modules if m.partition(".")[0] == name]:
            del sys.modules[module]
        spec = importlib.util.spec_from_file_location(name, copy / "__init__.py")
        assert spec is not None
        assert spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules[name] = package
        try:
            spec.loader.exec_module(package)
        except SyntaxError as error:  # two edits of the same lines
            raise CannotPlantError(str(error)) from error
    return Subject(name=name, run=package.run)
