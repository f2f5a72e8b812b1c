"""Asking: which configurations a subject can be asked about, where it cannot be asked all."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from parity.config import OPTIONS, Config
from parity.errors import ConfigError

CHOOSES = ("kind", "activation", "dtype")
"""Options that decide whether a configuration of a grid is for a subject; others are changed."""


def checked(asks: Any, name: str) -> dict[str, Any]:
    """Return what an adapter's CONFIG says. Raises ConfigError where it is none."""
    if not isinstance(asks, Mapping):
        raise ConfigError(f"CONFIG of {name} must be a dictionary, got {type(asks).__name__}")
    for option in asks:
        if option not in OPTIONS:
            raise ConfigError(f"CONFIG of {name} has no option {option!r}: {', '.join(OPTIONS)}")
    Config().replace(**asks)
    return dict(asks)


def fitting(configs: Iterable[Config], asks: Mapping[str, Any]) -> tuple[Config, ...]:
    """Return those of `configs` that are for a subject, changed to what it can be asked."""
    chosen = {name: asks[name] for name in CHOOSES if name in asks}
    mine = (c for c in configs if all(getattr(c, n) == v for n, v in chosen.items()))
    return tuple(dict.fromkeys(config.replace(**asks) for config in mine))


def asked(config: Config, asks: Mapping[str, Any], given: Sequence[str], name: str) -> Config:
    """Return `config` changed to what a subject can be asked.

    Raises ConfigError where an option that was `given` says otherwise.
    """
    for option, value in asks.items():
        if option in given and getattr(config, option) != value:
            raise ConfigError(
                f"{name} can be asked with {option} {value} only, got {getattr(config, option)}"
            )
    return config.replace(**asks)
