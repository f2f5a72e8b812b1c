"""Asking: which configurations a subject can be asked about, where it cannot be asked all."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from parity.model.config import OPTIONS, Config
from parity.model.errors import ConfigError

CHOOSES = ("kind", "activation", "dtype")
"""Options that decide whether a configuration of a grid is for a subject; others are changed."""

ORDINARY: dict[str, tuple[Any, ...]] = {
    "dtype": ("float64", "float32"),
    "initial": ("drawn", "zero"),
    "bias": ("drawn", "zero"),
    "loss": ("mean", "squared", "steps", "squared-steps"),
} | {
    name: (getattr(Config(), name),)
    for name in (
        *("layers", "bidirectional", "call", "lengths", "dropout", "mode"),
        *("pool", "class_weights", "smoothing", "ignored"),
        *("momentum", "dampening", "nesterov", "weight_decay", "maximize"),
        *("clip_value", "clip_norm", "updates"),
    )
}
"""Options that a subject is asked with only if it says that it knows them, and their values that
every subject can be asked with."""


def checked(asks: Any, name: str) -> dict[str, Any]:
    """Return what an adapter's CONFIG says. Raises ConfigError where it is none."""
    if not isinstance(asks, Mapping):
        raise ConfigError(f"CONFIG of {name} must be a dictionary, got {type(asks).__name__}")
    for option in asks:
        if option not in OPTIONS:
            raise ConfigError(f"CONFIG of {name} has no option {option!r}: {', '.join(OPTIONS)}")
    Config().replace(**asks)
    return dict(asks)


def known(options: Any, name: str) -> tuple[str, ...]:
    """Return what a subject's OPTIONS say that it knows: names, or "all" of them.

    Raises ConfigError where there is no such option.
    """
    if options == "all":
        return tuple(ORDINARY)
    if isinstance(options, str) or not isinstance(options, Collection):
        raise ConfigError(f'OPTIONS of {name} must be a list of names or "all", got {options!r}')
    for option in options:
        if option not in ORDINARY:
            among = ", ".join(ORDINARY)
            raise ConfigError(f"OPTIONS of {name} has {option!r}, which is none of {among}")
    return tuple(map(str, options))


def fitting(
    configs: Iterable[Config], asks: Mapping[str, Any], knows: Collection[str] = ()
) -> tuple[Config, ...]:
    """Return those of `configs` that are for a subject, changed to what it can be asked."""
    chosen = {name: asks[name] for name in CHOOSES if name in asks}
    mine = (c for c in configs if all(getattr(c, n) == v for n, v in chosen.items()))
    told = (config for config in mine if not any(_unknown(config, (*knows, *asks))))
    return tuple(dict.fromkeys(config.replace(**asks) for config in told))


def asked(
    config: Config,
    asks: Mapping[str, Any],
    given: Sequence[str],
    name: str,
    knows: Collection[str] = (),
) -> Config:
    """Return `config` changed to what a subject can be asked.

    Raises ConfigError where an option that was `given` says otherwise, or is one that the subject
    does not say it knows.
    """
    for option, value in asks.items():
        if option in given and getattr(config, option) != value:
            raise ConfigError(
                f"{name} can be asked with {option} {value} only, got {getattr(config, option)}"
            )
    for option in _unknown(config, (*knows, *asks)):
        raise ConfigError(
            f"{name} does not say that it knows {option}, got {getattr(config, option)}: "
            f"write OPTIONS = [{option!r}] beside its run(case)"
        )
    return config.replace(**asks)


def _unknown(config: Config, knows: Collection[str]) -> Iterator[str]:
    """Yield the options by which `config` is out of the ordinary for a subject."""
    for option, values in ORDINARY.items():
        if option not in knows and getattr(config, option) not in values:
            yield option
