"""Case: the arrays of one Config, and nothing that runs them."""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from dataclasses import replace as _replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from parity.model.config import Config
from parity.model.errors import ConfigError
from parity.model.formats import dtype
from parity.model.names import ArrayName

Array = NDArray[Any]

MOST_ENTRIES = 2**28
"""Entries of an array, at most: 2 GiB of float64. A larger configuration is refused."""

MOST_CELLS = 1000
"""Layers times directions times updates, at most: an answer has a dozen arrays for each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Everything that a framework needs: it draws nothing itself. Every array is read-only.

    A classifier case is judged through `labels`; a layer case through `upstream` and
    `upstream_final`, the gradients of some loss by every hidden state and, in addition, by the
    last one. The arrays of the other kind exist and are not used. `width` is `hidden` times the
    number of directions.

    `more` holds the arrays that only some configurations have; they are attributes, too:

    - `W_x_l1`, `W_h_l1`, `b_l1`, `h_0_l1`, `upstream_final_l1` of a second layer, whose W_x is
      (width, hidden), and the same names with the suffix `_reverse` for the direction from the
      last step to the first;
    - `lengths`, (batch,) int64, each sequence's own, from 1 to steps;
    - `mask_l0`, (batch, steps, width), the factors by which dropout multiplies the first layer's
      states;
    - `class_weights`, (classes,).
    """

    config: Config
    x: Array  # (batch, steps, features)
    h_0: Array  # (batch, hidden)
    W_x: Array  # (features, hidden)
    W_h: Array  # (hidden, hidden)
    b: Array  # (hidden,)
    W_out: Array  # (width, classes)
    b_out: Array  # (classes,)
    labels: Array  # (batch,) int64, from 0 to classes - 1, or -100 where it does not count
    step_labels: Array  # (batch, steps) int64: a label for every step, where the loss wants them
    upstream: Array  # (batch, steps, width)
    upstream_final: Array  # (batch, hidden)
    more: Mapping[str, Array] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Array:
        """Return an array of `more`."""
        if not name.startswith("__") and name in self.more:
            return self.more[name]
        raise AttributeError(f"a case of {self.config} has no {name}")

    @classmethod
    def of(cls, config: Config, arrays: Mapping[str, Array]) -> Self:
        """Return the case of these arrays, by name; they are not copied."""
        more = {name: array for name, array in arrays.items() if name not in ALWAYS}
        return cls(config=config, more=more, **{name: arrays[name] for name in ALWAYS})

    @property
    def lr(self) -> float:
        """Learning rate of the SGD step."""
        return self.config.lr

    @property
    def arrays(self) -> dict[str, Array]:
        """Every array by name, the unused ones included."""
        return {name: getattr(self, name) for name in ALWAYS} | dict(self.more)

    @property
    def parameters(self) -> dict[str, Array]:
        """The trainable arrays by name: the layers' arrays, and two of the classifier's head."""
        own = ("W_x", "W_h") if self.config.bias == "absent" else ("W_x", "W_h", "b")
        names = [cell.name(of) for cell in self.config.cells for of in own]
        head = ("W_out", "b_out") if self.config.kind == "classifier" else ()
        return {name: getattr(self, name) for name in (*names, *head)}

    def replace(self, config: Config | None = None, /, **arrays: Array) -> Self:
        """Return a copy with some arrays replaced, by read-only copies, and a config that fits."""
        frozen = {name: read_only(array) for name, array in arrays.items()}
        more = {name: frozen.pop(name) for name in tuple(frozen) if name not in ALWAYS}
        return _replace(self, config=config or self.config, more={**self.more, **more}, **frozen)

    def in_format(self, name: str) -> Self:
        """Return the case of the same numbers, rounded where the format is coarser."""
        real = dtype(self.config.dtype)
        own = {n: a.astype(dtype(name)) for n, a in self.arrays.items() if a.dtype == real}
        return self.replace(self.config.replace(dtype=name), **own)

    def rows(self, places: slice) -> Self:
        """Return the case that has only some of the sequences, and a batch of that size."""
        arrays = {n: a[places] for n, a in self.arrays.items() if ArrayName.parse(n).by_row}
        return self.replace(self.config.replace(batch=len(arrays["x"])), **arrays)

    def snapshot(self) -> tuple[bytes, ...]:
        """Return every array's bytes, which show later whether an array was changed."""
        return tuple(array.tobytes() for array in self.arrays.values())

    def restore(self, snapshot: tuple[bytes, ...]) -> None:
        """Give every array the bytes of an earlier snapshot, after somebody has changed some.

        NumPy refuses to write into them, so this goes behind its back, as that somebody did.
        """
        for array, before in zip(self.arrays.values(), snapshot, strict=True):
            if array.tobytes() != before:
                ctypes.memmove(array.ctypes.data, before, len(before))

    def writable(self) -> Self:
        """Return a copy whose arrays can be written into."""
        return type(self).of(self.config, {name: a.copy() for name, a in self.arrays.items()})


ALWAYS = tuple(f.name for f in fields(Case) if f.name not in ("config", "more"))
"""The names of the arrays that every case has."""


def check_size(config: Config) -> None:
    """Raise ConfigError when a case, or an answer to it, would be too large.

    The limits are on the entries of one kind of array in all layers, and on the number of arrays.
    """
    n, t, f, h, c = config.batch, config.steps, config.features, config.width, config.classes
    layers, scores = config.layers, n * c * (t if config.every_step else 1)
    states = n * t * h * layers * config.updates
    if (largest := max(n * t * f, states, layers * max(f, h, c) * h, scores)) > MOST_ENTRIES:
        raise ConfigError(f"an array of {config} has {largest} entries, more than {MOST_ENTRIES}")
    if (arrays := layers * config.directions * config.updates) > MOST_CELLS:
        cells = "layers x directions x updates"
        raise ConfigError(f"{cells} of {config} are {arrays}, more than {MOST_CELLS}")


def layout(config: Config) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    """Return the dtype and the shape of every array of the case, by name, in `Case`'s order."""
    n, t, f, h, c = config.batch, config.steps, config.features, config.hidden, config.classes
    real, whole, width = dtype(config.dtype), np.dtype(np.int64), config.width
    found: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
        "x": (real, (n, t, f)),
        "h_0": (real, (n, h)),
        "W_x": (real, (f, h)),
        "W_h": (real, (h, h)),
        "b": (real, (h,)),
        "W_out": (real, (width, c)),
        "b_out": (real, (c,)),
        "labels": (whole, (n,)),
        "step_labels": (whole, (n, t)),
        "upstream": (real, (n, t, width)),
        "upstream_final": (real, (n, h)),
    }
    for cell in config.cells[1:]:
        shapes = {"W_x": (width if cell.layer else f, h), "W_h": (h, h), "b": (h,)}
        shapes |= {"h_0": (n, h), "upstream_final": (n, h)}
        found |= {cell.name(of): (real, shape) for of, shape in shapes.items()}
    if config.packed:
        found["lengths"] = (whole, (n,))
    if config.dropping:
        found |= {f"mask_l{layer}": (real, (n, t, width)) for layer in range(config.layers - 1)}
    if config.class_weights == "drawn":
        found["class_weights"] = (real, (c,))
    return found


def read_only(array: Array) -> Array:
    """Return a copy over immutable memory: its `writeable` flag cannot be set again."""
    return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)
