"""Drawing: the numbers of a case depend on its id alone, and are the same bits everywhere."""

import hashlib
from collections.abc import Mapping

import numpy as np

from parity.cases import digits
from parity.model.case import Array, Case, check_size, layout, read_only
from parity.model.config import Config
from parity.model.formats import dtype
from parity.model.names import ArrayName

SHARE_IGNORED = 0.3
"""The share of labels that are ignored, where some are; the first label always counts."""

SHARE_ZERO = 0.3
"""The share of inputs that are exactly zero with data zeros, beside one step that is all zero."""

LARGE = 1000.0
"""Inputs of data large lie between this and twice as much, with either sign; W_x is as much
smaller, so that states are ordinary."""

GRADIENTS = {"tiny": 1e-6, "ordinary": 1.0, "large": 1000.0}
"""The factor of a layer's upstream gradients, and of a classifier's W_out if they are tiny."""

HEAD = {"float64": 250.0, "float32": 25.0}
"""The factor of a classifier's W_out for large gradients, by dtype: its logits are then apart by
hundreds, and exp(l - max l) is still a normal number: -log(p) is as right as log-softmax."""

SHIFT = {"float64": 1000.0}
"""Added to W_out for large gradients, with one sign for all entries of a row: all logits of a
sequence move alike, and softmax does not change. exp(l) overflows where a sequence's own largest
logit is not subtracted, and vanishes where another's is. In float32 the gradients would be lost
in the rounding of such logits."""


def draw(config: Config) -> Case:
    """Draw the case of `config`: a function of its id alone, on every machine.

    Only `Generator.random` is used - 53 random bits times 2**-53, exact in every libm - and one
    multiplication and addition per number. Weights and biases are uniform within `scale`,
    inputs and upstream gradients within sqrt(3) (variance 1), h_0 within 1, class weights from
    0.25 to 1.75. The options `data`, `labels` and `gradients` change these numbers afterwards.

    Raises MissingExtraError for data digits without scikit-learn, ConfigError for arrays of more
    than MOST_ENTRIES entries.
    """
    check_size(config)
    drawn = _Drawn(config)
    shapes = {name: shape for name, (_, shape) in layout(config).items()}
    arrays = {name: drawn.weight(*shapes[name]) for name in ("W_x", "W_h", "b", "W_out", "b_out")}
    arrays |= drawn.sequences()
    arrays["h_0"] = drawn.uniform(1, *shapes["h_0"])
    for name in ("upstream", "upstream_final"):
        arrays[name] = drawn.uniform(np.sqrt(3), *shapes[name])
    arrays["step_labels"] = drawn.labels(config.batch, config.steps)
    arrays |= {
        name: drawn.further(name, shape) for name, shape in shapes.items() if name not in arrays
    }
    arrays |= _emptied(config, arrays)
    arrays |= _scaled(config, arrays)
    if config.data == "repeated":
        arrays |= _repeated(arrays)
    if config.labels != "drawn":
        arrays |= {name: _arranged(config, arrays[name]) for name in ("labels", "step_labels")}
    if config.ignored != "none":
        arrays["labels"] = drawn.with_ignored(arrays["labels"])
    return Case.of(config, {name: read_only(arrays[name]) for name in shapes})


class _Drawn:
    """Numbers, one array after the other, from one generator."""

    def __init__(self, config: Config) -> None:
        root = np.sqrt(config.hidden)
        scales = {"torch": 1 / root, "small": 0.01, "chaotic": 1.5 / root, "huge": 1000.0}
        self.config, self.scale = config, scales[config.weights]
        self.dtype = dtype(config.dtype)
        self._rng = np.random.default_rng(_seed(config))

    def uniform(self, within: float, *shape: int) -> Array:
        return ((2 * self._rng.random(shape) - 1) * within).astype(self.dtype)

    def weight(self, *shape: int) -> Array:
        return self.uniform(self.scale, *shape)

    def whole(self, below: int, *shape: int) -> Array:
        return (self._rng.random(shape) * below).astype(np.int64)

    def labels(self, *shape: int) -> Array:
        return self.whole(self.config.classes, *shape)

    def sequences(self) -> dict[str, Array]:
        """Return x and the labels."""
        config, n = self.config, self.config.batch
        if config.data == "digits":
            images, targets = digits.load()
            rows = self.whole(len(images), n)
            return {"x": images[rows].astype(self.dtype), "labels": targets[rows]}
        if config.data in ("ids", "vocabulary"):
            ids = self.whole(config.features, n, config.steps)
            x = np.eye(config.features, dtype=self.dtype)[ids]
        else:
            x = self.numbers(n, config.steps, config.features)
        return {"x": x, "labels": self.labels(n)}

    def numbers(self, *shape: int) -> Array:
        """Return the sequences that are not of ids, nor of digits: (batch, steps, features)."""
        x = self.uniform(np.sqrt(3), *shape)
        if self.config.data == "zeros":
            x[self._rng.random(shape) < SHARE_ZERO] = 0
            x[0, shape[1] // 2] = 0
        if self.config.data == "large":
            x = (np.sign(x) * LARGE + x * (LARGE / 2)).astype(self.dtype)
        return x

    def further(self, name: str, shape: tuple[int, ...]) -> Array:
        """Return an array that only some configurations have."""
        kind = ArrayName.parse(name).quantity
        if kind == "lengths":
            return self.lengths()
        if kind == "mask":
            kept, share = self._rng.random(shape) >= self.config.dropout, 1 - self.config.dropout
            return (kept / (share or 1.0)).astype(self.dtype)
        if kind == "class_weights":
            return (0.25 + 1.5 * self._rng.random(shape)).astype(self.dtype)
        if kind in ("W_x", "W_h", "b"):
            return self.weight(*shape)
        return self.uniform(1 if kind == "h_0" else np.sqrt(3), *shape)

    def lengths(self) -> Array:
        n, steps = self.config.batch, self.config.steps
        if self.config.lengths in ("equal", "ones"):
            return np.full(n, 1 if self.config.lengths == "ones" else steps, np.int64)
        drawn = 1 + self.whole(steps, n)
        drawn[-1:] = steps  # padded to the longest, as batches are
        if (drawn[:-1] == steps).all():  # all lengths are equal, which would show nothing
            drawn[:1] = max(1, steps - 1)
        return np.sort(drawn)[::-1] if self.config.lengths == "sorted" else drawn

    def with_ignored(self, labels: Array) -> Array:
        """Return labels. The first one counts; if there are several, at least one is ignored."""
        ignored = self._rng.random(len(labels)) < SHARE_IGNORED
        ignored[1:2] = True
        ignored[0] = False
        if self.config.ignored == "class":
            labels = np.where(ignored, 0, np.maximum(labels, 1))
        return np.where(ignored, self.config.ignore_index, labels)


def _emptied(config: Config, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays that are zero when a configuration has no initial state, or no bias."""
    biases = {"drawn": (), "zero": ("b", "b_out"), "absent": ("b",)}
    zero = (*biases[config.bias], *(("h_0",) if config.initial != "drawn" else ()))
    own = (name for name in arrays if ArrayName.parse(name).quantity in zero)
    return {name: arrays[name] * 0 for name in own}


def _scaled(config: Config, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays that are not of the usual scale: W_x of large inputs, and gradients."""
    factors = dict.fromkeys(("W_out", "upstream", "upstream_final"), GRADIENTS[config.gradients])
    if config.gradients == "large":
        factors["W_out"] = HEAD.get(config.dtype, 1.0)
    found = {
        name: array * array.dtype.type(factors[kind])
        for name, array in arrays.items()
        if (kind := ArrayName.parse(name).quantity) in factors and config.gradients != "ordinary"
    }
    if config.gradients == "large" and config.dtype in SHIFT:
        shift = np.sign(arrays["W_out"][:, :1]) * SHIFT[config.dtype]
        found["W_out"] = (found["W_out"] + shift).astype(arrays["W_out"].dtype)
    if config.data == "large":
        for name in (cell.name("W_x") for cell in config.cells if cell.layer == 0):
            found[name] = arrays[name] / arrays[name].dtype.type(LARGE)
    return found


def _repeated(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return x with every second step equal to the step before, and every second row, too.

    Initial states are repeated with their rows.
    """
    x = arrays["x"].copy()
    x[:, 1::2] = x[:, : x.shape[1] // 2 * 2 : 2]
    of_rows = {n: a.copy() for n, a in arrays.items() if ArrayName.parse(n).quantity == "h_0"}
    for array in (found := {"x": x, **of_rows}).values():
        array[1::2] = array[: len(array) // 2 * 2 : 2]
    return found


def _arranged(config: Config, labels: Array) -> Array:
    """Return labels that are all the same, or each class in turn, from the first one on."""
    if config.labels == "one":
        return np.full_like(labels, labels.flat[0])
    places = np.arange(labels.size, dtype=labels.dtype).reshape(labels.shape)
    in_turn: Array = (labels.flat[0] + places) % config.classes
    return in_turn


def _seed(config: Config) -> list[int]:
    return list(np.frombuffer(hashlib.sha256(str(config).encode()).digest(), "<u4"))
