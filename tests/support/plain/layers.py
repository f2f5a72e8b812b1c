"""The layers of the plain network: each feeds the next one, and the way back."""

from collections.abc import Mapping, Sequence

import numpy as np

from parity.model.cell import Cell
from tests.support.plain.base import Array
from tests.support.plain.cell import CellStages, Pass

Layer = list[Pass]


class LayerStages(CellStages):
    """Stacked layers, each with one direction or two, with dropout between them.

    Source: PyTorch `nn.RNN` documentation; of a packed sequence each row ends at its own length.
    """

    layers: list[Layer]  # the inputs and outputs of the last forward; none before the first

    # -- inputs ----------------------------------------------------------------------------------

    def inputs(self) -> Array:
        """x as (batch, steps, features), however the layer is called"""
        return self.read(self.laid_out(self.array("x")))

    def laid_out(self, x: Array) -> Array:
        """x in the caller's layout: (steps, batch, ...), (steps, ...) or batch first"""
        call = self.config.call
        return x.swapaxes(0, 1) if call == "time-first" else x[0] if call == "unbatched" else x

    def read(self, x: Array) -> Array:
        """Batch first, from any layout"""
        call = self.config.call
        return x.swapaxes(0, 1) if call == "time-first" else x[None] if call == "unbatched" else x

    def steps_of(self, cell: Cell) -> Array:
        """The steps at which a cell's state changes, in the order of the cell"""
        return self.in_order(cell, self.own_steps())

    # -- forward ---------------------------------------------------------------------------------

    def forward(self) -> list[Layer]:
        """All passes, by layer"""
        layers: list[Layer] = []
        for layer in range(self.config.layers):
            x = self.layer_input(layer, layers)
            layers.append(
                [
                    self.run_cell(cell, self.in_order(cell, x), self.steps_of(cell))
                    for cell in self.config.cells
                    if cell.layer == layer
                ]
            )
        return layers

    def layer_input(self, layer: int, below: Sequence[Layer]) -> Array:
        """x, or the states of the layer below as dropout leaves them"""
        return self.dropped(layer - 1, self.output(below[-1])) if layer else self.inputs()

    def in_order(self, cell: Cell, by_step: Array) -> Array:
        """(batch, steps, ...) in the order of the cell's steps, or back from that order"""
        return by_step[:, ::-1] if cell.reverse else by_step

    def output(self, layer: Layer) -> Array:
        """The states of a layer's directions, side by side: (batch, steps, width)"""
        return self.joined([self.in_order(one.cell, self.cell_output(one)) for one in layer])

    def joined(self, directions: Sequence[Array]) -> Array:
        """Both directions side by side"""
        return np.concatenate(directions, axis=-1)

    def cell_output(self, one: Pass) -> Array:
        """A cell's state after every step, zero in the padding, in the order of the cell"""
        own = self.in_order(one.cell, self.own_steps())
        return np.where(own[..., None], one.states[:, 1:], 0)

    def dropped(self, layer: int, values: Array) -> Array:
        """A layer's states, or the gradients by them, times its mask where dropout acts"""
        return self.stored(values * self.mask(layer)) if self.config.dropping else values

    def mask(self, layer: int) -> Array:
        """The factors of dropout for a layer's states: 0, or 1 / (1 - dropout)"""
        return self.array(f"mask_l{layer}")

    def finals(self) -> dict[Cell, Array]:
        """Every cell's final state: (batch, hidden)"""
        return {one.cell: self.final(one) for layer in self.layers for one in layer}

    def final(self, one: Pass) -> Array:
        """A cell's state after the last of its steps"""
        return one.states[:, -1]

    # -- backward --------------------------------------------------------------------------------

    def backward(self, d_output: Array, d_finals: Mapping[Cell, Array]) -> dict[str, Array]:
        """The gradients by all weights, x and the initial states

        d_output: (batch, steps, width), by the last layer's states; d_finals: by final states.
        """
        found: dict[str, Array] = {}
        for layer in reversed(self.layers):
            d_inputs = []
            for one in layer:
                d_states = self.d_states(one, d_output)
                da = self.back_through_time(one, d_states, self.d_final(one.cell, d_finals))
                found |= self.cell_gradients(one, da)
                d_inputs.append(self.in_order(one.cell, self.stored(self.d_inputs(one, da))))
            by_inputs = self.stored(self.together(d_inputs))
            number = layer[0].cell.layer
            d_output = self.passed_down(number - 1, by_inputs) if number else by_inputs
        return found | {"x": d_output}

    def d_states(self, one: Pass, d_output: Array) -> Array:
        """A cell's share of the gradient by its layer's output; the padding's part has no effect"""
        own = self.share(one.cell, d_output) * self.own_steps()[..., None]
        return self.in_order(one.cell, own)

    def share(self, cell: Cell, joined: Array) -> Array:
        """A direction's columns of an array with both directions side by side"""
        start = self.config.hidden * cell.reverse
        return joined[..., start : start + self.config.hidden]

    def d_final(self, cell: Cell, d_finals: Mapping[Cell, Array]) -> Array:
        """The gradient by one cell's final state; zero where there is none"""
        nothing = self.zeros(self.config.batch, self.config.hidden)
        return d_finals.get(cell, nothing)

    def together(self, d_inputs: Sequence[Array]) -> Array:
        """The sum over the directions of the gradient by their common input"""
        return sum(d_inputs[1:], start=d_inputs[0])

    def passed_down(self, layer: int, by_inputs: Array) -> Array:
        """The gradient by a layer's states, from the gradient by the input of the layer above"""
        return self.dropped(layer, by_inputs)
