"""Config: what is compared - sizes, options, dtype, seed - and its one text form, the id."""

import dataclasses
import functools
import re
from dataclasses import dataclass
from typing import Any, Self

from parity.errors import ConfigError
from parity.options import Choice, Count, Option, Rate, option

DIGITS = {"steps": 8, "features": 8, "classes": 10}
"""One of scikit-learn's handwritten digits is 8 x 8 pixels: 8 steps of 8 features, 10 classes."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """One configuration. Frozen; refuses nonsense with a ConfigError that names the value.

    Its text form is its id: `b7-t5-f3-h6-c4-tanh-f64-s0`, followed by a token for each further
    option that differs from its default. The id parses back to the same Config.
    """

    batch: int = option(Count("b"), 7, "sequences in the batch", always=True)
    steps: int = option(Count("t"), 5, "time steps in a sequence", always=True)
    features: int = option(Count("f"), 3, "numbers in one time step", always=True)
    hidden: int = option(Count("h"), 6, "hidden units", always=True)
    classes: int = option(Count("c"), 4, "classes of the classifier", always=True)
    activation: str = option(
        Choice({"tanh": "tanh", "relu": "relu"}), "tanh", "the layer's nonlinearity", always=True
    )
    dtype: str = option(
        Choice({"float64": "f64", "float32": "f32"}), "float64", "of every array", always=True
    )
    seed: int = option(Count("s", least=0), 0, "of everything that is drawn", always=True)
    kind: str = option(
        Choice({"classifier": "classifier", "layer": "layer"}),
        "classifier",
        "classifier: labels and a loss; layer: random upstream gradients on every hidden state",
    )
    weights: str = option(
        Choice({"torch": "torch", "small": "small", "chaotic": "chaotic", "huge": "huge"}),
        "torch",
        "uniform within 1/sqrt(hidden) as PyTorch draws them, 0.01, 1.5/sqrt(hidden), or 1000",
    )
    data: str = option(
        Choice({name: name for name in ("drawn", "digits", "ids", "vocabulary")}),
        "drawn",
        "random sequences, rows of scikit-learn's handwritten digits, one-hot rows of random ids, "
        "or these with as many classes as there are ids",
    )
    loss: str = option(
        Choice(
            {
                "mean": "mean",
                "squared": "squared",
                "steps": "steps",
                "squared-steps": "squaredsteps",
            }
        ),
        "mean",
        "mean over the batch of the last step's cross-entropy, of half the squared distance from "
        "the one-hot labels, or of either summed over all steps, each with a label",
    )
    initial: str = option(
        Choice({"drawn": "h0", "zero": "noh0"}), "drawn", "the initial state h_0: drawn, or zero"
    )
    bias: str = option(
        Choice({"drawn": "bias", "zero": "nobias"}), "drawn", "both biases: drawn, or zero"
    )
    lr: float = option(Rate("lr"), 0.01, "learning rate of the SGD step")

    def __post_init__(self) -> None:
        for name, kind in OPTIONS.items():
            kind.check(name, getattr(self, name))
        if self.data == "digits":
            for name, size in DIGITS.items():
                if getattr(self, name) != size:
                    raise ConfigError(
                        f"{name} must be {size} with data digits, got {getattr(self, name)}"
                    )
        if self.data == "vocabulary" and self.features != self.classes:
            expected = f"classes must be features, {self.features}, with data vocabulary"
            raise ConfigError(f"{expected}, got {self.classes}")
        if self.loss != "mean" and self.kind == "layer":
            raise ConfigError(f"a layer has no loss, got loss {self.loss}")

    @property
    def every_step(self) -> bool:
        """Whether the head reads every step, not the last one alone."""
        return self.loss.endswith("steps")

    @property
    def squared(self) -> bool:
        """Whether the loss is of squared distances, not cross-entropy."""
        return self.loss.startswith("squared")

    def __str__(self) -> str:
        """Return the id."""
        return self._id

    @functools.cached_property
    def _id(self) -> str:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return "-".join(
            OPTIONS[f.name].write(values[f.name])
            for f in dataclasses.fields(self)
            if f.metadata["always"] or values[f.name] != f.default
        )

    def command(self) -> str:
        """Return the shell command that repeats this comparison."""
        return f"compare-one-config {self}"

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed; what must follow, follows.

        Data digits brings its own sizes, data vocabulary as many classes as features; a layer has
        no loss.
        """
        if changes.get("data") == "digits":
            changes = {**DIGITS, **changes}
        if changes.get("data", self.data) == "vocabulary":
            changes = {"classes": changes.get("features", self.features), **changes}
        if changes.get("kind") == "layer":
            changes = {"loss": "mean", **changes}
        return dataclasses.replace(self, **changes)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id. Tokens stand in the id's order and may be left out: they keep their default.

        Raises ConfigError for a token that is unknown, misplaced or has a value out of range.
        """
        changes: dict[str, Any] = {}
        ahead = list(OPTIONS)
        for token in re.split(r"-(?=[a-z])", text):  # 'lr1e-05' stays whole
            name, value = _read(token, ahead, text)
            changes[name] = value
            ahead = ahead[ahead.index(name) + 1 :]  # 'f64' is a dtype only after the sizes
        return cls().replace(**changes)


OPTIONS: dict[str, Option] = {f.name: f.metadata["option"] for f in dataclasses.fields(Config)}
"""The options by name, in the order of the id."""


def short_id(**values: Any) -> str:
    """Return the id's tokens for `values` alone, in the id's order: it parses to these values."""
    return "-".join(kind.write(values[name]) for name, kind in OPTIONS.items() if name in values)


def _read(token: str, ahead: list[str], text: str) -> tuple[str, Any]:
    for name in ahead:
        value = OPTIONS[name].read(token)
        if value is not None:
            return name, value
    raise ConfigError(
        f"the id {text!r} has an unknown or misplaced part {token!r}; an id looks like {Config()}"
    )
