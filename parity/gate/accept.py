"""Accept: make a subject from an argument of `verify` and `parametrize`."""

import inspect
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.adapter.running.interpreter import Run as BoundRun
from parity.adapter.written import summary
from parity.cases.grid import GRIDS, Group
from parity.execution.limits import Limits
from parity.execution.process import isolated
from parity.execution.runner import Here
from parity.model.errors import ConfigError, SubjectError
from parity.subjects.capabilities import checked, fitting, known
from parity.subjects.cells import ENDINGS
from parity.subjects.find import takes_case
from parity.subjects.subject import Run, Subject

if TYPE_CHECKING:
    from parity.model.config import Config


def accepted(subject: Subject | Run | str | os.PathLike[str], limits: Limits) -> Subject:
    """Return the subject: itself, the one with this name in its own process, or this function.

    Raises SubjectError where there is no such subject, or a class is given.
    """
    if isinstance(subject, Subject):
        return subject
    if isinstance(subject, str | os.PathLike):
        return isolated(os.fspath(subject), limits=limits)
    if isinstance(subject, type):
        raise SubjectError(f"a class is given by its name, 'file.py:{subject.__name__}'")
    if not callable(subject):
        raise SubjectError(f"a subject is a function run(case), or a name, got {subject!r}")
    name = _name(subject)
    module = sys.modules.get(getattr(subject, "__module__", ""))
    options = getattr(subject, "OPTIONS", getattr(module, "OPTIONS", ()))
    return Subject(
        name=name,
        run=Here(run=subject, seconds=limits.seconds),
        asks=checked(getattr(subject, "CONFIG", {}), name),
        knows=known(options, name),
        binding=summary(subject.binding) if isinstance(subject, BoundRun) else (),
    )


def groups(grid: str, subject: Subject) -> list[Group]:
    """Return the groups of a grid that the subject supports, each case once.

    Raises ConfigError where there is no such grid.
    """
    if grid not in GRIDS:
        raise ConfigError(f"grid must be one of {', '.join(GRIDS)}, got {grid!r}")
    return list(fitting_groups(GRIDS[grid].groups(), subject.asks, subject.knows))


def fitting_groups(
    every: Iterable[Group], asks: Mapping[str, Any], knows: Collection[str]
) -> Iterator[Group]:
    """Yield the groups of configurations that a subject supports, each configuration once."""
    seen: set[Config] = set()
    for group in every:
        configs = tuple(c for c in fitting(group.configs, asks, knows) if c not in seen)
        seen.update(configs)
        if configs:
            yield replace(group, configs=configs)


def _name(run: Run) -> str:
    """Return the name of a function for the command line, if it has one: `file.py:name`."""
    module = sys.modules.get(getattr(run, "__module__", ""))
    named = (n for n, value in vars(module).items() if value is run) if module else iter(())
    name = getattr(run, "__name__", None) or next(named, type(run).__name__)
    file = getattr(module, "__file__", None) or ""
    found = inspect.getattr_static(module, name, None) is run if module else False
    if found and file.endswith(ENDINGS) and Path(file).is_file() and takes_case(name, run):
        return f"{os.path.relpath(file)}:{name}"
    return name
