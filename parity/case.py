"""Case: what a Config means in numbers, drawn once, the same bits everywhere."""

import hashlib
from dataclasses import dataclass, fields
from dataclasses import replace as _replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from parity import digits
from parity.config import Config
from parity.errors import ConfigError

Array = NDArray[Any]

LARGEST = 2**28
"""Entries of an array, 2 GiB of float64: a configuration beyond is refused, not attempted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Everything a framework needs; no framework draws anything. Every array is read-only.

    A classifier case is judged through `labels`; a layer case through `upstream` and
    `upstream_final`, the gradients of some loss by every hidden state and, once more, by the
    last one. The arrays of the other kind are there and play no part.
    """

    config: Config
    x: Array  # (batch, steps, features)
    h_0: Array  # (batch, hidden)
    W_x: Array  # (features, hidden)
    W_h: Array  # (hidden, hidden)
    b: Array  # (hidden,)
    W_out: Array  # (hidden, classes)
    b_out: Array  # (classes,)
    labels: Array  # (batch,) int64, from 0 to classes - 1
    step_labels: Array  # (batch, steps) int64: a label for every step, where the loss wants them
    upstream: Array  # (batch, steps, hidden)
    upstream_final: Array  # (batch, hidden)

    @property
    def lr(self) -> float:
        """Learning rate of the SGD step."""
        return self.config.lr

    @property
    def arrays(self) -> dict[str, Array]:
        """Every array by name, those that play no part included."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "config"}

    @property
    def parameters(self) -> dict[str, Array]:
        """The trainable arrays by name: three of the layer, and two of the classifier's head."""
        head = ("W_out", "b_out") if self.config.kind == "classifier" else ()
        return {name: getattr(self, name) for name in ("W_x", "W_h", "b", *head)}

    def replace(self, config: Config | None = None, /, **arrays: Array) -> Self:
        """Return a copy with some arrays replaced, by read-only copies, and a config that fits."""
        frozen = {name: _read_only(array) for name, array in arrays.items()}
        return _replace(self, config=config or self.config, **frozen)

    def snapshot(self) -> tuple[bytes, ...]:
        """Return every array's bytes, to tell later whether somebody wrote into them."""
        return tuple(getattr(self, f.name).tobytes() for f in fields(self) if f.name != "config")


def draw(config: Config) -> Case:
    """Draw the case of `config`: a function of its id alone, on every machine.

    Only `Generator.random` is used - 53 random bits times 2**-53, exact in every libm - and one
    multiplication and addition per number. Weights and biases are uniform within `scale`,
    inputs and upstream gradients within sqrt(3) (variance 1), h_0 within 1.

    Raises MissingExtraError for data digits without scikit-learn, ConfigError for arrays of more
    than LARGEST entries.
    """
    check_size(config)
    n, t, f, h, c = config.batch, config.steps, config.features, config.hidden, config.classes
    rng = np.random.default_rng(_seed(config))
    scales = {"torch": 1 / np.sqrt(h), "small": 0.01, "chaotic": 1.5 / np.sqrt(h), "huge": 1000.0}
    scale = scales[config.weights]
    dtype = np.dtype(config.dtype)

    def uniform(within: float, *shape: int) -> Array:
        return _read_only(((2 * rng.random(shape) - 1) * within).astype(dtype))

    weights = {
        "W_x": uniform(scale, f, h),
        "W_h": uniform(scale, h, h),
        "b": uniform(scale, h),
        "W_out": uniform(scale, h, c),
        "b_out": uniform(scale, c),
    }
    if config.data == "digits":
        images, targets = digits.load()
        rows = (rng.random(n) * len(images)).astype(np.int64)
        x, labels = _read_only(images[rows].astype(dtype)), _read_only(targets[rows])
    elif config.data in ("ids", "vocabulary"):
        x = _read_only(np.eye(f, dtype=dtype)[(rng.random((n, t)) * f).astype(np.int64)])
        labels = _read_only((rng.random(n) * c).astype(np.int64))
    else:
        x = uniform(np.sqrt(3), n, t, f)
        labels = _read_only((rng.random(n) * c).astype(np.int64))
    drawn = Case(
        config=config,
        x=x,
        labels=labels,
        h_0=uniform(1, n, h),
        upstream=uniform(np.sqrt(3), n, t, h),
        upstream_final=uniform(np.sqrt(3), n, h),
        step_labels=_read_only((rng.random((n, t)) * c).astype(np.int64)),
        **weights,
    )
    zero = ["h_0"] * (config.initial == "zero")
    zero += ["b", "b_out"] * (config.bias == "zero")
    return drawn.replace(**{name: getattr(drawn, name) * 0 for name in zero}) if zero else drawn


def check_size(config: Config) -> None:
    """Raise ConfigError when an array of the case, or of an answer to it, would be too large."""
    n, t, f, h, c = config.batch, config.steps, config.features, config.hidden, config.classes
    if (largest := max(n * t * max(f, h), max(f, h, c) * h, n * c)) > LARGEST:
        raise ConfigError(f"an array of {config} has {largest} entries, more than {LARGEST}")


def layout(config: Config) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    """Return the dtype and the shape of every array of the case, by name, in `Case`'s order."""
    n, t, f, h, c = config.batch, config.steps, config.features, config.hidden, config.classes
    real = np.dtype(config.dtype)
    return {
        "x": (real, (n, t, f)),
        "h_0": (real, (n, h)),
        "W_x": (real, (f, h)),
        "W_h": (real, (h, h)),
        "b": (real, (h,)),
        "W_out": (real, (h, c)),
        "b_out": (real, (c,)),
        "labels": (np.dtype(np.int64), (n,)),
        "step_labels": (np.dtype(np.int64), (n, t)),
        "upstream": (real, (n, t, h)),
        "upstream_final": (real, (n, h)),
    }


def _seed(config: Config) -> list[int]:
    return list(np.frombuffer(hashlib.sha256(str(config).encode()).digest(), "<u4"))


def _read_only(array: Array) -> Array:
    """Return a copy over immutable memory: its `writeable` flag cannot be set again."""
    return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)
