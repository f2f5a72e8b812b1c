"""The network: layers of cells, one feeding the next, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic

from parity.model.cell import Cell
from parity.model.trace import outputs
from parity.reference.equations.arithmetic import M
from parity.reference.equations.cell import CellEquations
from parity.reference.equations.given import Given, gates


@dataclass(frozen=True, kw_only=True)
class Pass(Generic[M]):
    """One cell's pass over its steps."""

    given: Given[M]  # as the cell sees it
    states: list[M]  # its initial state, then one for each of its steps

    @property
    def cell(self) -> Cell:
        """The cell of this pass."""
        return self.given.cell


Layer = Sequence[Pass[M]]


class NetworkEquations(CellEquations[M]):
    """Stacked layers, each with one direction or two, and dropout between them.

    Source: PyTorch `nn.RNN` documentation; of a packed sequence each row ends at its own length.
    """

    def network(self, given: Given[M]) -> list[Layer[M]]:
        """Every layer's passes, from the first layer on"""
        config = given.case.config
        layers: list[Layer[M]] = []
        for number, name in enumerate(outputs(config)):
            inputs = self.inputs(given, layers)
            own = gates(self.do, given.case, given.branches, name)
            cells = [cell for cell in config.cells if cell.layer == number]
            layers.append([self.passed(given, cell, inputs, own) for cell in cells])
        return layers

    def inputs(self, given: Given[M], below: Sequence[Layer[M]]) -> Sequence[M]:
        """The inputs of the next layer: x, or the states of the layer below after dropout"""
        if not below:
            return given.x
        return self.dropped(given, len(below) - 1, self.outputs(below[-1]))

    def passed(
        self, given: Given[M], cell: Cell, inputs: Sequence[M], gates: Sequence[M | None]
    ) -> Pass[M]:
        """One cell's pass over the layer's inputs"""
        seen = self.seen(given, cell, inputs, self.side(given, cell, gates))
        return Pass(given=seen, states=self.forward(seen))

    def seen(
        self, given: Given[M], cell: Cell, inputs: Sequence[M], gates: Sequence[M | None]
    ) -> Given[M]:
        """The case as one cell sees it"""
        own = (self.in_order(cell, values) for values in (inputs, gates, given.valid))
        return given.of(cell, *own)

    def side(self, given: Given[M], cell: Cell, values: Sequence[Any]) -> list[Any]:
        """One direction's columns of a layer's states, or of gradients by them; None stays None"""
        config = given.case.config
        if not config.bidirectional:
            return list(values)
        start, stop = config.hidden * cell.reverse, config.hidden * (1 + cell.reverse)
        return [None if v is None else self.do.columns(v, start, stop) for v in values]

    def in_order(self, cell: Cell, values: Sequence[Any]) -> list[Any]:
        """Values by step in the order of the cell's steps, or back from that order"""
        return list(values[::-1] if cell.reverse else values)

    def outputs(self, layer: Layer[M]) -> list[M]:
        """A layer's output at every step: its directions side by side, zero in the padding"""
        return [self.do.joined(own) for own in zip(*map(self.by_step, layer), strict=True)]

    def by_step(self, one: Pass[M]) -> list[M]:
        """A cell's states from the first step on, zero in the padding"""
        return self.in_order(one.cell, self.masked(one.given, one.states[1:]))

    def final(self, one: Pass[M]) -> M:
        """A cell's state after the last of its steps"""
        return one.states[-1]

    def finals(self, layers: Sequence[Layer[M]]) -> dict[str, M]:
        """Every cell's final state, by its name"""
        passes = [one for layer in layers for one in layer]
        return {one.cell.name("final"): self.final(one) for one in passes}

    def initial(self, layer: Layer[M]) -> M:
        """The initial states of a layer's directions, side by side"""
        return self.do.joined([one.states[0] for one in layer])

    def dropped(self, given: Given[M], number: int, values: list[M]) -> list[M]:
        """The layer's states, or gradients by them, times the mask of its dropout"""
        if not given.case.config.dropping:
            return values
        mask, name = given.case.more[f"mask_l{number}"], f"dropped_l{number}"
        by_step = (self.do.exact(mask[:, t]) for t in range(len(values)))
        return [self.do.rounded(name, h * own) for h, own in zip(values, by_step, strict=True)]

    # -- backward --------------------------------------------------------------------------------

    def network_gradients(
        self,
        layers: list[Layer[M]],
        upstream: Sequence[M | None],
        by_final: Sequence[M | None],
    ) -> dict[str, Any]:
        """The gradients by every cell's parameters, last layer first, x and the initial states"""
        given, finals = layers[0][0].given, list(by_final)
        found: dict[str, Any] = {}
        initial: dict[str, M] = {}
        for number in reversed(range(len(layers))):
            layer, d_inputs = layers[number], []
            for direction, one in enumerate(layer):
                final = finals[number * len(layer) + direction]
                own = self.pass_gradients(one, self.for_cell(one.given, upstream), final)
                d_inputs.append(self.in_order(one.cell, own.pop("x")))
                initial[one.cell.name("h_0")] = own.pop("h_0")
                found |= {one.cell.name(name): gradient for name, gradient in own.items()}
            by_inputs = [self.together(own) for own in zip(*d_inputs, strict=True)]
            upstream = self.passed_down(given, number - 1, by_inputs) if number else by_inputs
        by_state = [cell.name("h_0") for cell in given.case.config.cells]
        return found | {"x": list(upstream)} | {name: initial[name] for name in by_state}

    def passed_down(self, given: Given[M], number: int, gradients: list[M]) -> list[M]:
        """The gradient by a layer's states, from the gradient by the inputs of the layer above"""
        return self.dropped(given, number, gradients)

    def together(self, gradients: Sequence[M]) -> M:
        """The sum over the directions of the gradients by their common inputs"""
        total = gradients[0]
        for gradient in gradients[1:]:
            total = total + gradient
        return total

    def for_cell(self, given: Given[M], values: Sequence[M | None]) -> list[Any]:
        """A cell's part of its layer's states, or gradients by them, in the order of its steps"""
        return self.in_order(given.cell, self.side(given, given.cell, values))

    def pass_gradients(
        self, one: Pass[M], upstream: list[M | None], final: M | None
    ) -> dict[str, Any]:
        """One cell's gradients, from those by its states and by its final one"""
        given = one.given
        steps = self.through_time(given, one.states, self.by_states(one, upstream, final))
        grads = self.layer_gradients(given, one.states, [step.da for step in steps])
        return grads | {"h_0": self.by_initial(given, steps)}

    def by_states(self, one: Pass[M], upstream: list[M | None], final: M | None) -> list[M | None]:
        """The gradient by every state of a cell, without what comes from later steps

        The final state's is added to the last one's. The gradients by padding have no effect.
        """
        own = [
            None if d is None else self.or_else(one.given, t, d, None)
            for t, d in enumerate(upstream)
        ]
        at_last = [d for d in (own[-1], final) if d is not None]
        own[-1] = sum(at_last[1:], start=at_last[0]) if at_last else one.states[0] * 0.0
        return own
