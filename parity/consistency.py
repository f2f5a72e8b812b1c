"""Consistency: which options of a configuration go together, and what follows from a change."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from parity.errors import ConfigError

if TYPE_CHECKING:
    from parity.config import Config

DIGITS = {"steps": 8, "features": 8, "classes": 10}
"""One of scikit-learn's handwritten digits is 8 x 8 pixels: 8 steps of 8 features, 10 classes."""

LOSS = {"class_weights": "equal", "smoothing": 0.0, "ignored": "none"}
"""The options of the cross-entropy, as they are where there is none."""

CLASSIFIER = {"loss": "mean", "pool": "last", **LOSS}
"""The options of a classifier, as they are where there is none."""


def consistent(config: "Config") -> None:
    """Raise ConfigError where two options contradict each other; it names both."""
    for message in _contradictions(config):
        raise ConfigError(message)


def _contradictions(config: "Config") -> Iterator[str]:
    yield from _about_data(config)
    yield from _about_the_loss(config)
    yield from _about_the_layers(config)
    yield from _about_the_step(config)


def _about_data(config: "Config") -> Iterator[str]:
    for name, size in DIGITS.items() if config.data == "digits" else ():
        if getattr(config, name) != size:
            yield f"{name} must be {size} with data digits, got {getattr(config, name)}"
    if config.data == "vocabulary" and config.features != config.classes:
        expected = f"classes must be features, {config.features}, with data vocabulary"
        yield f"{expected}, got {config.classes}"


def _about_the_loss(config: "Config") -> Iterator[str]:
    for name, value in CLASSIFIER.items() if config.kind == "layer" else ():
        if getattr(config, name) != value:
            yield f"a layer has no loss, got {name} {getattr(config, name)}"
    for name, value in LOSS.items() if config.loss not in ("mean", "sum") else ():
        if getattr(config, name) != value:
            yield f"{name} needs loss mean or sum, got {config.loss}"
    if config.every_step and (config.packed or config.pool != "last"):
        told = f"lengths {config.lengths}" if config.packed else f"pool {config.pool}"
        yield f"loss {config.loss} reads every step as it is, got {told}"
    if config.ignored == "class" and config.classes < 2:
        yield f"ignored class needs at least 2 classes, got {config.classes}"


def _about_the_layers(config: "Config") -> Iterator[str]:
    if config.call != "batch-first" and config.kind != "layer":
        yield f"call {config.call} is about a layer, got kind {config.kind}"
    if config.call == "unbatched" and (config.batch > 1 or config.packed):
        told = f"batch {config.batch}" if config.batch > 1 else f"lengths {config.lengths}"
        yield f"an unbatched call has one sequence of all steps, got {told}"
    if config.dropout > 0 and config.layers < 2:
        yield f"dropout acts between layers: layers must be at least 2, got {config.layers}"
    if config.mode == "evaluation" and not config.dropout > 0:
        yield "mode evaluation is about dropout, got dropout 0"


def _about_the_step(config: "Config") -> Iterator[str]:
    if config.nesterov and not (config.momentum > 0 and config.dampening == 0):
        told = f"momentum {config.momentum:g} and dampening {config.dampening:g}"
        yield f"nesterov needs momentum and no dampening, got {told}"
    if config.dampening > 0 and not config.momentum > 0:
        yield f"dampening needs momentum, got dampening {config.dampening:g} and momentum 0"
    if config.clip_value > 0 and config.clip_norm > 0:
        yield "gradients are clipped by value or by norm, got clip_value and clip_norm"


def following(config: "Config", changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `changes` with what must follow from them, where they do not say otherwise."""

    def now(name: str) -> Any:
        return changes.get(name, getattr(config, name))

    follow: dict[str, Any] = {}
    if changes.get("data") == "digits":
        follow |= DIGITS
    if now("data") == "vocabulary":
        follow["classes"] = now("features")
    if changes.get("kind") == "layer":
        follow |= CLASSIFIER
    if changes.get("kind") == "classifier":
        follow["call"] = "batch-first"
    if "batch" in changes and now("batch") > 1 and config.call == "unbatched":
        follow["call"] = "batch-first"
    if changes.get("call") == "unbatched":
        follow |= {"batch": 1, "lengths": "full"}
    if changes.get("layers") == 1 or changes.get("dropout") == 0:
        follow |= {"dropout": 0.0, "mode": "training"}
    if changes.get("momentum") == 0:
        follow |= {"nesterov": False, "dampening": 0.0}
    return follow | dict(changes)
