"""Constraints: which options of a configuration go together, and what follows from a change.

They take options by name: nothing here imports `Config`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from parity.model.errors import ConfigError

DIGITS = {"steps": 8, "features": 8, "classes": 10}
"""One of scikit-learn's handwritten digits is 8 x 8 pixels: 8 steps of 8 features, 10 classes."""

LOSS = {"class_weights": "equal", "smoothing": 0.0, "ignored": "none"}
"""The options of the cross-entropy, with their values where there is no cross-entropy."""

CLASSIFIER = {"loss": "mean", "pool": "last", "labels": "drawn", **LOSS}
"""The options of a classifier, with their values where there is no classifier."""


Options = Mapping[str, Any]
"""Every option of a configuration by its name."""


def check(options: Options) -> None:
    """Raise ConfigError where two options contradict each other; it names both."""
    for message in _contradictions(options):
        raise ConfigError(message)


def _contradictions(options: Options) -> Iterator[str]:
    yield from _about_data(options)
    yield from _about_the_loss(options)
    yield from _about_the_layers(options)
    yield from _about_the_step(options)


def _about_data(options: Options) -> Iterator[str]:
    for name, size in DIGITS.items() if options["data"] == "digits" else ():
        if options[name] != size:
            yield f"{name} must be {size} with data digits, got {options[name]}"
    if options["data"] == "vocabulary" and options["features"] != options["classes"]:
        expected = f"classes must be features, {options['features']}, with data vocabulary"
        yield f"{expected}, got {options['classes']}"


def _about_the_loss(options: Options) -> Iterator[str]:
    for name, value in CLASSIFIER.items() if options["kind"] == "layer" else ():
        if options[name] != value:
            yield f"a layer has no loss, got {name} {options[name]}"
    for name, value in LOSS.items() if options["loss"] not in ("mean", "sum") else ():
        if options[name] != value:
            yield f"{name} needs loss mean or sum, got {options['loss']}"
    if options["loss"].endswith("steps") and (
        options["lengths"] != "full" or options["pool"] != "last"
    ):
        got = (
            f"lengths {options['lengths']}"
            if options["lengths"] != "full"
            else f"pool {options['pool']}"
        )
        yield f"loss {options['loss']} reads every step as it is, got {got}"
    if options["ignored"] == "class" and options["classes"] < 2:
        yield f"ignored class needs at least 2 classes, got {options['classes']}"


def _about_the_layers(options: Options) -> Iterator[str]:
    if options["call"] != "batch-first" and options["kind"] != "layer":
        yield f"call {options['call']} needs kind layer, got kind {options['kind']}"
    if options["call"] == "unbatched" and (options["batch"] > 1 or options["lengths"] != "full"):
        got = (
            f"batch {options['batch']}" if options["batch"] > 1 else f"lengths {options['lengths']}"
        )
        yield f"an unbatched call has one sequence of all steps, got {got}"
    if options["dropout"] > 0 and options["layers"] < 2:
        yield f"dropout acts between layers: layers must be at least 2, got {options['layers']}"
    if options["mode"] == "evaluation" and not options["dropout"] > 0:
        yield "mode evaluation needs dropout, got dropout 0"


def _about_the_step(options: Options) -> Iterator[str]:
    if options["nesterov"] and not (options["momentum"] > 0 and options["dampening"] == 0):
        got = f"momentum {options['momentum']:g} and dampening {options['dampening']:g}"
        yield f"nesterov needs momentum and no dampening, got {got}"
    if options["dampening"] > 0 and not options["momentum"] > 0:
        yield f"dampening needs momentum, got dampening {options['dampening']:g} and momentum 0"
    if options["clip_value"] > 0 and options["clip_norm"] > 0:
        yield "gradients are clipped by value or by norm, got clip_value and clip_norm"


def following(options: Options, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `changes` and the options that must follow from them, unless they set these, too."""

    def now(name: str) -> Any:
        return changes.get(name, options[name])

    follow: dict[str, Any] = {}
    if changes.get("data") == "digits":
        follow |= DIGITS
    if now("data") == "vocabulary":
        follow["classes"] = now("features")
    if changes.get("kind") == "layer":
        follow |= CLASSIFIER
    if changes.get("kind") == "classifier":
        follow["call"] = "batch-first"
    if "batch" in changes and now("batch") > 1 and options["call"] == "unbatched":
        follow["call"] = "batch-first"
    if changes.get("call") == "unbatched":
        follow |= {"batch": 1, "lengths": "full"}
    if changes.get("layers") == 1 or changes.get("dropout") == 0:
        follow |= {"dropout": 0.0, "mode": "training"}
    if changes.get("momentum") == 0:
        follow |= {"nesterov": False, "dampening": 0.0}
    return follow | dict(changes)
