"""RNN: recurrent layers on top of each other, in one direction or both, as in `nn.RNN`."""

import warnings
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _activations, _arithmetic, _check, _kernels
from ._layout import Layout
from .rnn import Seed, generator, small_normal

Array = NDArray[Any]


class _Pass(NamedTuple):
    """The arrays that the backward pass needs from the forward pass."""

    layout: Layout
    runs: list[list[_kernels.Run]]  # of each layer, of each direction
    masks: list[Array] | None  # of each layer but the last: (steps, batch, width)


class RNN:
    """The network of `torch.nn.RNN`: h[t] = f(x[t] W_x + h[t-1] W_h + b) in every layer.

    The first layer reads x, every other one the output of the layer below; a reverse direction
    runs from the last step to the first, and a layer's output is both directions side by side.

    weights: the first layer has W_x (n_features, n_nodes), W_h (n_nodes, n_nodes) and b
    (n_nodes,). The others have "_reverse", "_l1", "_l1_reverse", ... after these names, in this
    order; W_x of a deeper layer is (n_nodes * directions, n_nodes). The dictionary and its
    arrays may be assigned. `bias=False` leaves out every b. They start as SimpleRNN's do.

    dropout: in training (`training`, as in a module), the share of every layer's output, except
    the last's, that becomes zero; the rest is divided by 1 - dropout.
    activation, seed, dtype: as for SimpleRNN; dropout draws from the same generator.

    Raises ValueError or TypeError for an option that PyTorch refuses as well.
    Source: PyTorch `nn.RNN` documentation.
    """

    def __init__(
        self,
        n_features: int,
        n_nodes: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        activation: str | _activations.Activation = np.tanh,
        seed: Seed = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.n_features = _check.size("n_features", n_features)
        self.n_nodes = _check.size("n_nodes", n_nodes)
        self.layers = _check.size("layers", layers)
        self.directions = 2 if _check.flag("bidirectional", bidirectional) else 1
        self.bias = _check.flag("bias", bias)
        self.batch_first = _check.flag("batch_first", batch_first)
        self.dropout = _check.probability("dropout", dropout)
        if self.dropout and self.layers == 1:
            warnings.warn("dropout acts between layers: one layer has none", stacklevel=2)
        self.activation = _activations.named(activation)
        self.dtype = _check.dtype(dtype)
        self.training = True
        self._rng = generator(seed)
        self.weights = {
            name: self._initial(name, shape).astype(self.dtype)
            for name, shape in self._shapes().items()
        }
        self._forward: _Pass | None = None

    def forward(
        self,
        x: ArrayLike,
        h_0: ArrayLike | None = None,
        lengths: ArrayLike | None = None,
        masks: list[ArrayLike] | None = None,
    ) -> tuple[Array, Array]:
        """Return the last layer's output at every step, and the final state of every layer.

        x: (batch, steps, n_features), (steps, batch, n_features) unless batch_first, or
        (steps, n_features) without a batch. output: as x, n_nodes * directions wide.
        h_0: (layers * directions, batch, n_nodes), zero by default, without the batch where x has
        none; final: as h_0; for a reverse direction the state at the first step.

        lengths: (batch,), in 1..steps, one for each row, in any order, as in PyTorch's packed
        sequences. A row ends, and its reverse direction begins, at its own last step; its output
        is zero after it, and x is not used there.

        masks: the factors of each layer's output, except the last's, in training, of the same
        shape: 0 or 1 / (1 - dropout). Drawn by default.

        Raises ShapeError, DtypeError, ValueError or TypeError for an argument that does not fit.
        """
        layout = Layout.of(x, self.n_features, self.dtype, lengths, batch_first=self.batch_first)
        initial = self._states("h_0", h_0, layout)
        factors = self._masks(masks, layout)
        self._forward = None  # frees its arrays before the new ones are made
        below = layout.copy(x)
        runs: list[list[_kernels.Run]] = []
        for layer in range(self.layers):
            runs.append(self._run_layer(layer, below, initial, layout))
            if layer < self.layers - 1:
                below = _joined(runs[-1])
                if factors is not None:
                    below = below * factors[layer]
                    _arithmetic.settle(below, self.dtype)
        self._forward = _Pass(layout, runs, factors)
        final = [layout.write_state(run.final) for layer_runs in runs for run in layer_runs]
        return layout.write(*(run.hidden for run in runs[-1])), np.stack(final)

    @property
    def inner(self) -> list[Array]:
        """Every layer's output of the last forward, before dropout: as `output`. Copies."""
        kept = self._last_forward()
        return [kept.layout.write(*(run.hidden for run in runs)) for runs in kept.runs]

    def backward(
        self, d_output: ArrayLike | None = None, d_final: ArrayLike | None = None
    ) -> dict[str, Array]:
        """Return the gradients by every weight, by their names, and by "x" and "h_0".

        d_output, d_final: the gradients of the loss by forward's output and final, in their
        shapes; None is zero. The equations are SimpleRNN's, for each layer from the last to the
        first. Sums over the batch are sums: a mean belongs to the loss. Where a row has ended,
        d_output is not used and the gradient by x is zero.

        Raises ValueError without either gradient, RuntimeError before any forward, ShapeError
        when an array does not fit, NotImplementedError for an activation without a known
        derivative.
        """
        layout, runs, masks = self._last_forward()
        if d_output is None and d_final is None:
            raise ValueError("backward needs d_output, d_final or both, got neither")
        above = self._upstream(d_output, layout)
        last = self._states("d_final", d_final, layout, cast=True)
        found: dict[str, Array] = {}
        states: list[Array] = []
        d_x, by_time = layout.room(self.n_features)
        for layer in reversed(range(self.layers)):
            below = np.empty_like(runs[layer][0].x) if layer else by_time
            named, initial = self._back_layer(layer, runs[layer], above, last, below)
            if masks is not None and layer:
                np.multiply(below, masks[layer - 1], below)
                _arithmetic.settle(below, self.dtype)
            above, found, states = below, found | named, initial + states
        return {
            **{name: found[name].astype(self.dtype, copy=False) for name in self._shapes()},
            "x": d_x if layout.rows is None else layout.write(by_time.copy()),
            "h_0": np.stack([layout.write_state(state) for state in states]),
        }

    def _run_layer(
        self, layer: int, x: Array, initial: list[Array] | None, layout: Layout
    ) -> list[_kernels.Run]:
        return [
            _kernels.forward(
                self._cell(layer, direction),
                x,
                None if initial is None else initial[layer * self.directions + direction],
                layout.rows,
                reverse=direction == 1,
            )
            for direction in range(self.directions)
        ]

    def _back_layer(
        self,
        layer: int,
        runs: list[_kernels.Run],
        above: Array | None,
        last: list[Array] | None,
        d_x: Array,
    ) -> tuple[dict[str, Array], list[Array]]:
        """Return the gradients by the layer's weights and initial states; fill `d_x`."""
        named: dict[str, Array] = {}
        initial: list[Array] = []
        for direction, run in enumerate(runs):
            own = slice(direction * self.n_nodes, (direction + 1) * self.n_nodes)
            found = _kernels.backward(
                run,
                None if above is None else above[..., own],
                None if last is None else last[layer * self.directions + direction],
                d_x,
                more=direction == 1,
            )
            suffix = _suffix(layer, direction)
            named |= {"W_x" + suffix: found.W_x, "W_h" + suffix: found.W_h, "b" + suffix: found.b}
            initial.append(found.h_0)
        return named, initial

    def _cell(self, layer: int, direction: int) -> _kernels.Cell:
        shapes = self._shapes()
        if self.weights.keys() != shapes.keys():
            raise ValueError(
                f"weights must be {', '.join(shapes)}, got {', '.join(map(str, self.weights))}"
            )
        suffix = _suffix(layer, direction)
        W_x, W_h, *b = (
            _check.exactly(name + suffix, self.weights[name + suffix], shape, self.dtype)
            for name, shape in self._own_shapes(layer).items()
        )
        return _kernels.cell(W_x, W_h, b[0] if b else None, self.activation, self.dtype)

    def _own_shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        width = self.n_nodes * self.directions if layer else self.n_features
        shapes: dict[str, tuple[int, ...]] = {
            "W_x": (width, self.n_nodes),
            "W_h": (self.n_nodes, self.n_nodes),
        }
        return shapes | ({"b": (self.n_nodes,)} if self.bias else {})

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return {
            name + _suffix(layer, direction): shape
            for layer, direction in product(range(self.layers), range(self.directions))
            for name, shape in self._own_shapes(layer).items()
        }

    def _initial(self, name: str, shape: tuple[int, ...]) -> Array:
        return np.zeros(shape) if name.startswith("b") else small_normal(self._rng, *shape)

    def _states(
        self, name: str, value: ArrayLike | None, layout: Layout, *, cast: bool = False
    ) -> list[Array] | None:
        """Return the state of each layer and direction, (batch, n_nodes), or None for None."""
        if value is None:
            return None
        check = _check.array if cast else _check.exactly
        sizes = (self.layers * self.directions, *layout.batch, self.n_nodes)
        return [layout.read_state(state) for state in check(name, value, sizes, self.dtype)]

    def _upstream(self, d_output: ArrayLike | None, layout: Layout) -> Array | None:
        if d_output is None:
            return None
        width = self.n_nodes * self.directions
        shape = layout.shape(width)
        return layout.read(_check.array("d_output", d_output, shape, self.dtype))

    def _masks(self, masks: list[ArrayLike] | None, layout: Layout) -> list[Array] | None:
        """Return the factors of each layer's output, except the last's, or None for no factors."""
        shape, between = layout.shape(self.n_nodes * self.directions), self.layers - 1
        if masks is not None:
            if not self.training:
                raise ValueError("masks act in training only, got masks with training = False")
            if len(masks) != between:
                raise ValueError(
                    f"masks must be {between}, one per layer but the last, got {len(masks)}"
                )
            given = (
                _check.exactly(f"masks[{i}]", mask, shape, self.dtype)
                for i, mask in enumerate(masks)
            )
            return [layout.copy(mask) for mask in given]
        if not (self.training and self.dropout):
            return None
        drawn = (self._rng.random_sample(shape) >= self.dropout for _ in range(between))
        factor = 1 / (1 - self.dropout) if self.dropout < 1 else 0
        return [layout.read((kept * factor).astype(self.dtype)) for kept in drawn]

    def _last_forward(self) -> _Pass:
        if self._forward is None:
            raise RuntimeError("backward needs the states of a forward pass: call forward first")
        return self._forward


def _suffix(layer: int, direction: int) -> str:
    return (f"_l{layer}" if layer else "") + ("_reverse" if direction else "")


def _joined(runs: list[_kernels.Run]) -> Array:
    """Return a layer's output, (steps, batch, n_nodes * directions): zero in the padding.

    It is a view of the states where no change is needed.
    """
    rows = runs[0].rows
    if len(runs) == 1 and rows is None:
        return runs[0].hidden
    output = np.concatenate([run.hidden for run in runs], axis=-1)
    if rows is not None:
        output[rows.padding] = 0
    return output
