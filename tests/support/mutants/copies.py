"""Mutants of options, for now: copies of `scratch` with edits in their source."""

import functools
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.model.case import Case
from parity.model.config import Config
from parity.reference.mistakes import CATALOGUE
from parity.subjects.subject import Run
from tests.support.mutants.mutant import Mutant
from tests.support.planted_options import PLANTED_OPTIONS, Edit

SCRATCH = Path(__file__).parents[3] / "scratch"


class CannotPlantError(Exception):
    """What an edit replaces does not stand exactly once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Copy(Mutant):
    """A copy of `scratch` with edits, which is written and imported when it is first asked."""

    edits: tuple[Edit, ...]

    def run(self, case: Case) -> dict[str, Any]:
        """Return what the copy computes for `case`."""
        return dict(imported(self.edits)(case))


def copies() -> tuple[Copy, ...]:
    """Return the mistakes in options."""
    slugs = {mistake.says: mistake.slug for mistake in CATALOGUE}
    return tuple(
        Copy(slug=slugs[says], config=Config.parse(shown_at), stages={}, edits=edits)
        for says, (shown_at, edits) in PLANTED_OPTIONS.items()
    )


@functools.cache
def imported(edits: tuple[Edit, ...]) -> Run:
    """Import an edited copy. Raises CannotPlantError for an edit that does not fit."""
    name = "mutant"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / name
        shutil.copytree(SCRATCH, copy, ignore=shutil.ignore_patterns("__pycache__"))
        _edit(copy, edits)
        for module in [m for m in sys.modules if m.partition(".")[0] == name]:
            del sys.modules[module]
        spec = importlib.util.spec_from_file_location(name, copy / "__init__.py")
        assert spec is not None
        assert spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules[name] = package
        spec.loader.exec_module(package)
    run: Run = package.run
    return run


def _edit(copy: Path, edits: Sequence[Edit]) -> None:
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
        file.write_text(re.sub(r"\bfrom scratch\b", "from mutant", text), encoding="utf-8")
