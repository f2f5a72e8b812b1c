"""pytest plugin: the grid in any project, by `pytest --parity-subject my_rnn.py`.

pytest loads this module in every project in which the package is installed. It only adds options
until the grid is asked for: then `parity.cli.pytest_grid` does the work.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from parity.gate import once
from parity.gate.settings import OPTIONS, Settings, find_table, settings
from parity.model.errors import ConfigError, ParityError
from parity.model.spelling import underscored

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The variables that limit the threads of NumPy's and PyTorch's libraries."""

SETTINGS = pytest.StashKey[Settings]()
"""The settings of the grid; absent where it is not used."""

RUN = pytest.StashKey[str]()
"""The id of a run over several workers."""

WANTED = pytest.StashKey[bool]()
"""Whether the grid's tests are added to this run; otherwise it has those that it names."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the grid's options; all begin with --parity-."""
    group = parser.getgroup("parity", "a recurrent network compared with PyTorch's")
    for name, option in OPTIONS.items():
        if option.kind is bool:
            kind: dict[str, Any] = {"action": "store_const", "const": True}
        else:
            kind = {"type": option.kind, "metavar": option.metavar}
        dest = _dest(name)
        group.addoption(f"--parity-{name}", dest=dest, help=option.help, **kind)
        for other in (f"--parity-{underscored(name)}", f"--parity_{underscored(name)}"):
            if other != f"--parity-{name}":
                group.addoption(other, dest=dest, help=argparse.SUPPRESS, **kind)


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Limit a run of the grid to one thread for each process, before a conftest imports NumPy."""
    if _given(early_config.known_args_namespace):
        _limit_threads()


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings of the grid, and refuse nonsense before anything is collected."""
    given = _given(config.option)
    try:
        table = find_table(config.invocation_params.dir) or find_table(config.rootpath)
        chosen = settings(given, table.values if table else {})
        if chosen.compared is not None:
            _check_target(Path(chosen.compared))
    except ParityError as error:
        raise pytest.UsageError(str(error)) from error
    if not (given or chosen.always):
        return
    if table is not None and "subject" not in given:
        sys.path.append(str(table.folder))  # last: it hides nothing of the project's own
    config.stash[SETTINGS] = chosen
    config.stash[WANTED] = bool(given) or not _names_tests(config)
    if config.stash[WANTED]:
        _limit_threads()
    grid = importlib.import_module("parity.cli.pytest_grid")
    config.pluginmanager.register(grid, "parity-grid")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Remember the id of a run over several workers: they share a folder."""
    node.config.stash[RUN] = node.workerinput["testrunuid"]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder that the workers have shared."""
    if RUN in config.stash:
        once.forget(config.stash[RUN])


def _check_target(file: Path) -> None:
    """Refuse a file that cannot be written before the run, not after it."""
    if file.is_dir():
        raise ConfigError(f"--parity-compared must name a file, got the folder {str(file)!r}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"--parity-compared {str(file)!r} cannot be written: {error.strerror}"
        ) from error


def _names_tests(config: pytest.Config) -> bool:
    """Return whether the command line names the tests to run."""
    return config.args_source is pytest.Config.ArgsSource.ARGS


def _limit_threads() -> None:
    for name in THREADS:
        os.environ.setdefault(name, "1")


def _given(parsed: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the grid that the command line sets."""
    found = {name: getattr(parsed, _dest(name), None) for name in OPTIONS}
    return {name: value for name, value in found.items() if value is not None}


def _dest(name: str) -> str:
    return f"parity_{underscored(name)}"
