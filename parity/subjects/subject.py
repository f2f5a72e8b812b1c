"""Subject: anything with `run(case) -> mapping of names to arrays`, and what it can be asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parity.model.case import Case
from parity.model.config import Config
from parity.subjects.capabilities import asked, fitting

Run = Callable[[Case], Mapping[str, Any]]

DEFAULT = "parity.scratch"
"""What is judged where nobody says otherwise: the network of this package, wherever it lies."""

NOT_EXECUTED = "not executed: "
"""What an assumption begins with that is a statement left out."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is judged, and the text that names it on the command line."""

    name: str
    run: Run
    asks: Mapping[str, Any] = field(default_factory=dict)  # the only values of options it takes
    knows: tuple[str, ...] = ()  # the options out of the ordinary that it can be asked with
    offers: tuple[str, ...] | None = None  # the names it answers, where that is known
    assumed: tuple[str, ...] = ()  # what was assumed about it, and what was left out of its file
    lacking: str = ""  # what it has and could not be asked for: a verdict without it is no pass

    def fitting(self, configs: Iterable[Config]) -> tuple[Config, ...]:
        """Return those of `configs` that are for this subject, changed to what it can be asked."""
        return fitting(configs, self.asks, self.knows)

    def asked(self, config: Config, given: Sequence[str] = ()) -> Config:
        """Return `config` changed to what this subject can be asked.

        Raises ConfigError where an option that was `given` says otherwise.
        """
        return asked(config, self.asks, given, self.name, self.knows)
