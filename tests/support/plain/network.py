"""The plain network: forward, loss, backward, and the requested number of steps."""

from collections.abc import Mapping

import numpy as np

from parity.model.case import Case
from parity.model.cell import Cell
from parity.model.names import step_name
from parity.model.trace import outputs
from tests.support.plain.base import Array
from tests.support.plain.descent import DescentStages, Gradients
from tests.support.plain.head import HeadStages
from tests.support.plain.layers import LayerStages

Classified = tuple[dict[str, Array], dict[str, Array], Array, Mapping[Cell, Array]]
"""Logits and loss, the head's gradients, and those by the states and the final states."""


class PlainNetwork(LayerStages, HeadStages, DescentStages):
    """Recurrent layers, a head, cross-entropy, backpropagation through time, and SGD.

    One instance computes one case at a time: `PlainNetwork().run(case)`. A subclass replaces a
    stage by overriding its method.
    """

    gradients: dict[str, Array]  # of the last update; none before the first

    @np.errstate(all="ignore")
    def run(self, case: Case) -> dict[str, Array]:
        """Return all arrays of `case` by the harness's names."""
        self.case, self.config = case, case.config
        self.weights, self.velocities = self.parameters(), {}
        self.layers, self.gradients = [], {}
        trace: dict[str, Array] = {}
        for update in range(1, self.config.updates + 1):
            values, self.gradients = self.values()
            self.weights = self.stepped(self.gradients)
            if update == 1:
                trace |= values
                trace |= {f"grad/{name}": g for name, g in self.reported(self.gradients).items()}
            else:  # the states and the loss before a later step
                told = (name for name in ("hidden", "loss") if name in values)
                trace |= {step_name(update, name): values[name] for name in told}
            trace |= {step_name(update, name): w for name, w in self.weights.items()}
        return self.answered(trace)

    def values(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """The states and the loss, and all gradients"""
        self.layers = self.forward()
        hidden = [self.output(layer) for layer in self.layers]
        trace = dict(zip(outputs(self.config), hidden, strict=True))
        if self.config.with_final:
            trace |= {cell.name("final"): state for cell, state in self.finals().items()}
        if self.config.kind == "layer":
            d_output, d_finals = self.given_gradients()
            gradients: dict[str, Array] = {}
        else:
            head, gradients, d_output, d_finals = self.classified(hidden[-1])
            trace |= head
        gradients |= self.backward(self.upstream(d_output), d_finals)
        return trace, self.finished(gradients)

    # -- the gradients at which the way back begins ----------------------------------------------

    def given_gradients(self) -> tuple[Array, Mapping[Cell, Array]]:
        """A layer's gradients by its states and by its final ones

        For a single cell without lengths, the final state is the last one.
        """
        d_output = self.array("upstream")
        d_finals = {cell: self.upstream_final(cell) for cell in self.config.cells}
        if self.config.with_final:
            return d_output, d_finals
        last = d_output[:, -1:] + d_finals[self.config.cells[0]][:, None]
        return np.concatenate([d_output[:, :-1], last], axis=1), {}

    def upstream_final(self, cell: Cell) -> Array:
        """A layer's gradient by one cell's final state"""
        return self.array(cell.name("upstream_final"))

    def classified(self, hidden: Array) -> Classified:
        """The head's arrays and gradients, and the gradients for the last layer"""
        initial = self.joined([one.states[:, :1] for one in self.layers[-1]])
        states = np.concatenate([initial, hidden], axis=1)
        if self.config.every_step:
            return self.classified_at_every_step(states)
        pooled = self.stored(self.pooled(states, [self.final(one) for one in self.layers[-1]]))
        head, d_logits, gradients = self.scored(pooled, self.labels())
        gradients = {name: self.stored(terms) for name, terms in gradients.items()}
        d_pooled = self.stored(self.d_pooled(d_logits))
        unpooled = self.stored(self.unpooled(d_pooled, hidden))
        return head, gradients, unpooled, self.d_finals(d_pooled)

    def classified_at_every_step(self, states: Array) -> Classified:
        """The same with a label for every step: the losses and the gradients add up"""
        scored = [
            self.scored(self.stored(self.read_out(states[:, : t + 2])), self.case.step_labels[:, t])
            for t in range(self.config.steps)
        ]
        heads, d_logits, terms = zip(*scored, strict=True)
        logits = np.stack([head["logits"] for head in heads], axis=1)
        head = {"logits": logits, "loss": sum(head["loss"] for head in heads)}
        gradients = {
            name: self.stored(self.accumulated(name, [term[name] for term in terms]))
            for name in terms[0]
        }
        d_output = np.stack([self.d_pooled(by_step) for by_step in d_logits], axis=1)
        return head, gradients, self.stored(d_output), {}

    def scored(self, pooled: Array, labels: Array) -> tuple[dict[str, Array], Array, Gradients]:
        """Logits and loss, the gradient by the logits, and the head's gradients"""
        logits = self.stored(self.logits(pooled))
        d_logits = self.stored(self.d_logits(logits, labels))
        gradients = {"W_out": self.d_W_out(pooled, d_logits), "b_out": self.d_b_out(d_logits)}
        return {"logits": logits, "loss": self.loss(logits, labels)}, d_logits, gradients

    def labels(self) -> Array:
        """Every sequence's label: (batch,)"""
        return self.case.labels

    def upstream(self, d_output: Array) -> Array:
        """The gradient by every state of the last layer, before backpropagation through time"""
        return d_output

    # -- the caller's gradients ------------------------------------------------------------------

    def finished(self, gradients: dict[str, Array]) -> dict[str, Array]:
        """All gradients, before they are used: no change here"""
        return gradients

    def reported(self, gradients: dict[str, Array]) -> dict[str, Array]:
        """The gradients that the caller gets: by the arrays that the caller gave"""
        initial = () if self.config.initial == "absent" else self.config.cells
        names = [*self.weights, "x", *(cell.name("h_0") for cell in initial)]
        return {name: gradients[name] for name in names}
