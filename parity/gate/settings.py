"""Settings: the options of a run of the grid, from pytest's command line or [tool.parity].

This module imports nothing heavy: pytest loads it in every project with this package installed.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.model.errors import ConfigError
from parity.model.spelling import dashed, underscored
from parity.subjects.cells import ENDINGS

FILE, TABLE = "pyproject.toml", "[tool.parity]"


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option: `--parity-NAME` on the command line, NAME in the table."""

    kind: type
    help: str
    metavar: str = ""


OPTIONS = {
    "subject": Option(
        kind=str,
        metavar="SUBJECT",
        help="judge this: module, file.py or file.ipynb, each also with :name",
    ),
    "grid": Option(kind=str, metavar="GRID", help="smoke, default or full; default: default"),
    "seeds": Option(kind=int, metavar="N", help="seeds for each configuration"),
    "time-limit": Option(
        kind=float,
        metavar="SECONDS",
        help="how long the subject may take for one configuration",
    ),
    "memory-limit": Option(
        kind=int, metavar="MB", help="how much memory the subject's process may fill"
    ),
    "in-process": Option(
        kind=bool, help="run the subject in the tests' process, without limits: for a debugger"
    ),
    "run-all": Option(kind=bool, help="execute every statement of the subject's file"),
    "no-keep": Option(kind=bool, help="keep no failing case in .parity"),
    "compared": Option(
        kind=str,
        metavar="FILE",
        help="write each configuration's largest share of its allowance as JSON",
    ),
}

ALWAYS = "always"
"""The key of the table, without an option, that makes a plain `pytest` run the grid."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The options of a run. None: the option is not set, and the harness's default holds."""

    subject: str | None = None
    grid: str = "default"
    seeds: int | None = None
    time_limit: float | None = None
    memory_limit: int | None = None
    in_process: bool = False
    run_all: bool = False
    no_keep: bool = False
    compared: str | None = None
    always: bool = False

    def __post_init__(self) -> None:
        if self.seeds is not None and self.seeds < 1:
            raise ConfigError(f"seeds must be at least 1, got {self.seeds}")

    @property
    def named(self) -> str:
        """The subject. Raises ConfigError where none is named."""
        if not self.subject:
            raise ConfigError(
                "the grid has no subject: give --parity-subject SUBJECT, or write "
                f'subject = "..." in {TABLE} of {FILE}'
            )
        return self.subject


def settings(given: Mapping[str, Any], table: Mapping[str, Any]) -> Settings:
    """Return the options of the command line, and those of the table that it does not set.

    Raises ConfigError for a wrong value.
    """
    both = {**table, **given}
    return Settings(**{underscored(name): value for name, value in both.items()})


@dataclass(frozen=True, kw_only=True)
class Table:
    """A project's [tool.parity], and the folder of its pyproject.toml."""

    folder: Path
    values: Mapping[str, Any]


def find_table(root: Path) -> Table | None:
    """Return the [tool.parity] of the nearest pyproject.toml at or above `root`, if it has one.

    The path of a subject's file is relative to that folder; it is returned relative to the working
    folder. Raises ConfigError where a key is unknown, or a value is of the wrong kind.
    """
    path = next((d / FILE for d in (root, *root.parents) if (d / FILE).is_file()), None)
    if path is None:
        return None
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("parity")
    except (OSError, ValueError, AttributeError):
        return None  # pytest itself reports a file that is damaged
    if values is None:
        return None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: tool.parity must be a table, got {values!r}")
    checked = {dashed(key): _checked(dashed(key), value, path) for key, value in values.items()}
    if "subject" in checked:
        checked["subject"] = _from_here(checked["subject"], path.parent)
    return Table(folder=path.parent, values=checked)


def _checked(key: str, value: Any, path: Path) -> Any:
    """Return a value of the table. Raises ConfigError where it is of another kind."""
    if key not in OPTIONS and key != ALWAYS:
        known = ", ".join((*OPTIONS, ALWAYS))
        raise ConfigError(f"{path}: {TABLE} has an unknown key {key!r}; it may have {known}")
    kind = bool if key == ALWAYS else OPTIONS[key].kind
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        said = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
        raise ConfigError(f"{path}: {key} in {TABLE} must be {said[kind]}, got {value!r}")
    return value


def _from_here(spec: str, folder: Path) -> str:
    """Return a subject's name with its file relative to the working folder."""
    place, colon, name = (spec, "", "") if spec.endswith(ENDINGS) else spec.rpartition(":")
    if not place.endswith(ENDINGS):
        return spec
    return os.path.relpath(folder / place) + colon + name
