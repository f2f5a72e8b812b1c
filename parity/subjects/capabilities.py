"""Capabilities: the configurations that a subject supports, if it does not support all."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from parity.model.config import OPTIONS, Config
from parity.model.errors import ConfigError
from parity.model.options import Choice
from parity.model.spelling import underscored

CHOOSES = ("kind", "activation", "dtype")
"""Options that decide whether a subject supports a configuration; other options are changed."""

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
"""Options that a subject must name in OPTIONS before it is asked with them, and the values that
every subject supports."""


def checked(asks: Any, name: str) -> dict[str, Any]:
    """Return an adapter's CONFIG. Raises ConfigError where it is not a dictionary of options."""
    if not isinstance(asks, Mapping):
        raise ConfigError(f"CONFIG of {name} must be a dictionary, got {type(asks).__name__}")
    own = {underscored(str(option)): value for option, value in asks.items()}
    for option in own:
        if option not in OPTIONS:
            among = ", ".join(OPTIONS)
            raise ConfigError(f"CONFIG of {name} has {option!r}, which is not one of {among}")
    own = {option: _as_listed(option, value) for option, value in own.items()}
    Config().replace(**own)
    return own


def _as_listed(option: str, value: Any) -> Any:
    kind = OPTIONS[option]
    return kind.spelled(value) if isinstance(kind, Choice) else value


def known(options: Any, name: str) -> tuple[str, ...]:
    """Return the options that a subject's OPTIONS list: some names, or "all".

    Raises ConfigError for an unknown option.
    """
    if options == "all":
        return tuple(ORDINARY)
    if isinstance(options, str) or not isinstance(options, Collection):
        raise ConfigError(f'OPTIONS of {name} must be a list of names or "all", got {options!r}')
    own = tuple(underscored(str(option)) for option in options)
    for option in own:
        if option not in ORDINARY:
            among = ", ".join(ORDINARY)
            raise ConfigError(f"OPTIONS of {name} has {option!r}, which is not one of {among}")
    return own


def fitting(
    configs: Iterable[Config], asks: Mapping[str, Any], knows: Collection[str] = ()
) -> tuple[Config, ...]:
    """Return those of `configs` that a subject supports, changed to the values that it supports."""
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
    """Return `config` changed to the values that a subject supports.

    Raises ConfigError where an option that was `given` has another value, or is not among the
    subject's OPTIONS.
    """
    for option, value in asks.items():
        if option in given and getattr(config, option) != value:
            raise ConfigError(
                f"{name} supports {option} {value} only, got {getattr(config, option)}"
            )
    for option in _unknown(config, (*knows, *asks)):
        raise ConfigError(
            f"{name} does not list {option} in OPTIONS, got {getattr(config, option)}: "
            f"write OPTIONS = [{option!r}] beside its run(case)"
        )
    return config.replace(**asks)


def _unknown(config: Config, knows: Collection[str]) -> Iterator[str]:
    """Yield the options of `config` that the subject must name in OPTIONS, and does not."""
    for option, values in ORDINARY.items():
        if option not in knows and getattr(config, option) not in values:
            yield option
