"""How one option of a configuration is written in an id, read, checked and offered as a flag."""

import math
import re
from argparse import BooleanOptionalAction
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from parity.model.errors import ConfigError
from parity.model.spelling import as_listed


class Option(Protocol):
    """One field of `Config`: its place in the id, its flag and what it accepts."""

    def write(self, value: Any) -> str:
        """Return the token that stands for `value` in an id."""

    def read(self, token: str) -> Any | None:
        """Return the value of `token`, or None when it belongs to another option."""

    def check(self, name: str, value: Any) -> None:
        """Raise ConfigError when `value` is not acceptable."""

    def flag(self) -> dict[str, Any]:
        """Return the arguments of argparse's `add_argument` for this option."""


@dataclass(frozen=True)
class Count:
    """A whole number of at least `least`, written as a letter and digits: `b4`."""

    prefix: str
    least: int = 1

    def write(self, value: int) -> str:
        return f"{self.prefix}{value}"

    def read(self, token: str) -> int | None:
        found = re.fullmatch(rf"{self.prefix}(-?[0-9]+)", token)
        return int(found[1]) if found else None

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(f"{name} must be a whole number, got {value!r}")
        if value < self.least:
            raise ConfigError(f"{name} must be at least {self.least}, got {value}")

    def flag(self) -> dict[str, Any]:
        return {"type": int, "metavar": "N"}


@dataclass(frozen=True)
class Rate:
    """A positive finite number, written as a name and the shortest decimal: `lr0.1`."""

    prefix: str

    def write(self, value: float) -> str:
        return f"{self.prefix}{float(value)!r}"

    def read(self, token: str) -> float | None:
        found = re.fullmatch(rf"{self.prefix}(-?\d[\d.]*(?:e[+-]?\d+)?)", token)
        try:
            return float(found[1]) if found else None
        except ValueError:
            return None

    def check(self, name: str, value: Any) -> None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and value > 0):
            raise ConfigError(f"{name} must be a positive finite number, got {value!r}")

    def flag(self) -> dict[str, Any]:
        return {"type": float, "metavar": "RATE"}


@dataclass(frozen=True)
class Number(Rate):
    """A finite number from 0 to `most`, written as a name and the shortest decimal: `mom0.9`."""

    most: float = math.inf

    def check(self, name: str, value: Any) -> None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and 0 <= value <= self.most):
            within = f"from 0 to {self.most:g}" if self.most < math.inf else "of at least 0"
            raise ConfigError(f"{name} must be a number {within}, got {value!r}")

    def flag(self) -> dict[str, Any]:
        return {"type": float, "metavar": "X"}


@dataclass(frozen=True)
class Switch:
    """An option that is off or on: its token is written when it is on."""

    token: str

    def write(self, value: bool) -> str:  # noqa: FBT001 - the protocol's one argument
        return self.token if value else f"no{self.token}"

    def read(self, token: str) -> bool | None:
        return {self.token: True, f"no{self.token}": False}.get(token)

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, bool):
            raise ConfigError(f"{name} must be True or False, got {value!r}")

    def flag(self) -> dict[str, Any]:
        return {"action": BooleanOptionalAction, "default": None}


@dataclass(frozen=True)
class Choice:
    """One of a few values, each with its own token."""

    tokens: Mapping[str, str]

    def write(self, value: str) -> str:
        return self.tokens[value]

    def read(self, token: str) -> str | None:
        return next((value for value, own in self.tokens.items() if own == token), None)

    def check(self, name: str, value: Any) -> None:
        if value not in self.tokens:
            raise ConfigError(f"{name} must be one of {', '.join(self.tokens)}, got {value!r}")

    def flag(self) -> dict[str, Any]:
        return {"choices": list(self.tokens), "type": self.spelled}

    def spelled(self, value: Any) -> Any:
        """Return a value as it is listed: `batch_first` is `batch-first`."""
        return as_listed(value, self.tokens) if isinstance(value, str) else value


def option(kind: Option, default: Any, text: str, *, always: bool = False) -> Any:
    """Declare a field of Config.

    `text` is the flag's help; `always` keeps the token in the id even at the default.
    """
    return field(default=default, metadata={"option": kind, "help": text, "always": always})
