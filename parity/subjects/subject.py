"""Subject: anything with `run(case) -> mapping of names to arrays`, and its capabilities."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parity.model.case import Case
from parity.model.config import Config
from parity.model.errors import ConfigError
from parity.subjects.capabilities import asked, fitting

Run = Callable[[Case], Mapping[str, Any]]

DEFAULT = "parity.scratch"
"""The default subject: the network of this package, wherever it is installed."""

NOT_EXECUTED = "not executed: "
"""The beginning of an assumption about a statement that was left out."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The code that is judged, and the text that names it on the command line."""

    name: str
    run: Run
    asks: Mapping[str, Any] = field(default_factory=dict)  # the only values that it supports
    knows: tuple[str, ...] = ()  # the further options that it supports
    offers: tuple[str, ...] | None = None  # the names that it answers, where known
    assumed: tuple[str, ...] = ()  # assumptions about it, and statements left out of its file
    binding: tuple[str, ...] = ()  # how it is asked, in at most five lines
    uncertain: str = ""  # why the way of asking it is not certain; empty where it is
    lacking: str = ""  # a part that it has and could not be asked for: no pass without it

    def fitting(self, configs: Iterable[Config]) -> tuple[Config, ...]:
        """Return those of `configs` that this subject supports, changed to supported values."""
        return fitting(configs, self.asks, self.knows)

    def askable(self, configs: Sequence[Config], given: Sequence[str] = ()) -> tuple[Config, ...]:
        """Return what is asked of several configurations; the first one at least.

        Others are left out where they have an option that this subject does not know.
        Raises ConfigError as `asked` does, for the first one.
        """
        found = {self.asked(configs[0], given): None}
        for config in configs[1:]:
            with contextlib.suppress(ConfigError):
                found[self.asked(config, given)] = None
        return tuple(found)

    def asked(self, config: Config, given: Sequence[str] = ()) -> Config:
        """Return `config` changed to the values that this subject supports.

        Raises ConfigError where an option that was `given` has another value.
        """
        return asked(config, self.asks, given, self.name, self.knows)
