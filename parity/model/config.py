"""Config: the sizes, options, dtype and seed of a comparison, and their text form, the id."""

import dataclasses
import functools
import itertools
import re
from dataclasses import dataclass
from typing import Any, Self

from parity.model import constraints
from parity.model.cell import Cell
from parity.model.errors import ConfigError
from parity.model.options import Choice, Count, Number, Option, Rate, Switch, option


@dataclass(frozen=True, kw_only=True)
class Config:
    """One configuration. Frozen; refuses nonsense with a ConfigError that names the value.

    Its text form is its id: `b7-t5-f3-h6-c4-tanh-f64-s0`, and then a token for each further option
    that differs from its default. The id parses back to the same Config.
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
        Choice({"float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16"}),
        "float64",
        "of every array",
        always=True,
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
        Choice(
            {
                **{name: name for name in ("drawn", "digits", "ids", "vocabulary")},
                "zeros": "zeros",
                "repeated": "repeated",
                "large": "large",
            }
        ),
        "drawn",
        "random sequences, rows of scikit-learn's handwritten digits, one-hot rows of random ids, "
        "or these with as many classes as there are ids; or random sequences with exact zeros, "
        "with equal rows and steps, or with numbers above 1000 and a small W_x",
    )
    labels: str = option(
        Choice({"drawn": "anylabel", "one": "onelabel", "each": "eachlabel"}),
        "drawn",
        "every row's label: drawn, the same for all rows, or each class in turn",
    )
    gradients: str = option(
        Choice({"ordinary": "grads", "tiny": "tinygrads", "large": "largegrads"}),
        "ordinary",
        "a classifier's W_out, or a layer's upstream gradients: as they are, times 1e-6, or large: "
        "upstream times 1000, W_out so that logits are hundreds apart, in float64 beyond 1000",
    )
    layers: int = option(Count("l"), 1, "layers, each fed with the states of the one below")
    bidirectional: bool = option(Switch("bi"), False, "a second direction in every layer")
    initial: str = option(
        Choice({"drawn": "h0", "zero": "noh0", "absent": "withouth0"}),
        "drawn",
        "the initial state of every layer and direction: drawn, zero, or not given",
    )
    bias: str = option(
        Choice({"drawn": "bias", "zero": "nobias", "absent": "biasoff"}),
        "drawn",
        "both biases: drawn, zero, or absent",
    )
    call: str = option(
        Choice({"batch-first": "batchfirst", "time-first": "timefirst", "unbatched": "unbatched"}),
        "batch-first",
        "how the layer is called: x is (batch, steps, ...), (steps, batch, ...) or (steps, ...)",
    )
    lengths: str = option(
        Choice({name: name for name in ("full", "equal", "sorted", "unsorted", "ones")}),
        "full",
        "sequences of all steps; or packed ones: of equal lengths, sorted or unsorted, or of one "
        "step each",
    )
    dropout: float = option(Number("drop", 1.0), 0.0, "share of each inner layer's states dropped")
    mode: str = option(
        Choice({"training": "training", "evaluation": "evaluation"}),
        "training",
        "whether dropout acts: with masks that the case has drawn, or not",
    )
    pool: str = option(
        Choice({"last": "last", "own": "own", "mean": "meanpool", "max": "maxpool"}),
        "last",
        "the states that the classifier reads: of the last step, of each sequence's own last step, "
        "or the mean or maximum over its own steps",
    )
    loss: str = option(
        Choice(
            {
                "mean": "mean",
                "sum": "sum",
                "squared": "squared",
                "steps": "steps",
                "squared-steps": "squaredsteps",
            }
        ),
        "mean",
        "mean or sum over the batch of the cross-entropy, mean of half the squared distance from "
        "the one-hot labels, or of either summed over all steps, each with a label",
    )
    class_weights: str = option(
        Choice({"equal": "unweighted", "drawn": "weighted"}), "equal", "the cross-entropy's weights"
    )
    smoothing: float = option(Number("smooth", 1.0), 0.0, "label smoothing of the cross-entropy")
    ignored: str = option(
        Choice({"none": "allcount", "some": "ignore", "class": "ignore0"}),
        "none",
        "the cross-entropy's ignore_index: no label has it, some have, or it is class 0",
    )
    lr: float = option(Rate("lr"), 0.01, "learning rate of the SGD step")
    momentum: float = option(Number("mom"), 0.0, "momentum of SGD")
    dampening: float = option(Number("damp"), 0.0, "dampening of SGD's momentum")
    nesterov: bool = option(Switch("nesterov"), False, "Nesterov's momentum")
    weight_decay: float = option(Number("wd"), 0.0, "weight decay of SGD")
    maximize: bool = option(Switch("maximize"), False, "a step uphill")
    clip_value: float = option(Number("clipvalue"), 0.0, "clips every gradient entry; 0: no")
    clip_norm: float = option(Number("clipnorm"), 0.0, "clips the norm of all gradients; 0: no")
    updates: int = option(Count("u"), 1, "SGD steps, each compared")

    def __post_init__(self) -> None:
        for name, kind in OPTIONS.items():
            kind.check(name, getattr(self, name))
        constraints.check(_values(self))

    @property
    def every_step(self) -> bool:
        """Whether the head reads every step, and not only the last one."""
        return self.loss.endswith("steps")

    @property
    def squared(self) -> bool:
        """Whether the loss is a squared distance, and not cross-entropy."""
        return self.loss.startswith("squared")

    @property
    def directions(self) -> int:
        """1, or 2 in a bidirectional layer."""
        return 2 if self.bidirectional else 1

    @property
    def width(self) -> int:
        """Numbers that a layer returns for one step: the hidden units of all directions."""
        return self.hidden * self.directions

    @functools.cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every direction of every layer, in PyTorch's order: from the first layer on."""
        reverse = (False, True)[: self.directions]
        pairs = itertools.product(range(self.layers), reverse)
        return tuple(Cell(layer=layer, reverse=back) for layer, back in pairs)

    @property
    def packed(self) -> bool:
        """Whether each sequence has its own length."""
        return self.lengths != "full"

    @property
    def dropping(self) -> bool:
        """Whether dropout acts."""
        return self.dropout > 0 and self.mode == "training"

    @property
    def with_final(self) -> bool:
        """Whether the final states are compared; otherwise they are the last hidden state."""
        return len(self.cells) > 1 or self.packed

    @property
    def ignore_index(self) -> int:
        """The label that is ignored: PyTorch's default, or class 0."""
        return 0 if self.ignored == "class" else -100

    @property
    def plain_loss(self) -> bool:
        """Whether every label counts, with no option, and the loss is a mean over the batch."""
        whole = self.class_weights == "equal" and self.ignored == "none" and not self.smoothing
        return whole and self.loss != "sum"

    @property
    def plain_step(self) -> bool:
        """Whether the step is w - lr * gradient."""
        more = (self.momentum, self.weight_decay, self.maximize, self.clip_value, self.clip_norm)
        return self.updates == 1 and not any(more)

    def __str__(self) -> str:
        """Return the id."""
        return self._id

    @functools.cached_property
    def _id(self) -> str:
        values = _values(self)
        return "-".join(
            OPTIONS[f.name].write(values[f.name])
            for f in dataclasses.fields(self)
            if f.metadata["always"] or values[f.name] != f.default
        )

    def command(self) -> str:
        """Return the shell command that repeats this comparison."""
        return f"compare-one-config {self}"

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, and the fields that must follow from them.

        Data digits has its own sizes, and data vocabulary has as many classes as features. A layer
        has no loss, a single layer has no dropout, and a batch of several is not an unbatched call.
        """
        return dataclasses.replace(self, **constraints.following(_values(self), changes))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id. Its tokens are in order; an option whose token is left out has its default.

        Raises ConfigError for a token that is unknown or misplaced, or whose value is out of range.
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


def _values(config: Config) -> dict[str, Any]:
    return {name: getattr(config, name) for name in OPTIONS}


def short_id(**values: Any) -> str:
    """Return the id's tokens for `values` alone, in order; the text parses to these values."""
    return "-".join(kind.write(values[name]) for name, kind in OPTIONS.items() if name in values)


def _read(token: str, ahead: list[str], text: str) -> tuple[str, Any]:
    for name in ahead:
        value = OPTIONS[name].read(token)
        if value is not None:
            return name, value
    raise ConfigError(
        f"the id {text!r} has an unknown or misplaced part {token!r}; an id looks like {Config()}"
    )
