"""The textbook equations, written once, plainly; which arithmetic they run in is a parameter."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from parity.model.branches import Branches
from parity.model.case import Case
from parity.model.names import step_name
from parity.model.trace import outputs
from parity.reference.equations.arithmetic import Arithmetic, M
from parity.reference.equations.descent import DescentEquations
from parity.reference.equations.given import Given, given
from parity.reference.equations.head import HeadEquations
from parity.reference.equations.network import Layer, NetworkEquations


class Textbook(NetworkEquations[M], HeadEquations[M], DescentEquations[M]):
    """RNN, head, loss, backpropagation through time and SGD steps in one arithmetic."""

    def __init__(self, arithmetic: Arithmetic[M]) -> None:
        self.do = arithmetic

    def run(self, case: Case, branches: Branches | None = None) -> dict[str, Any]:
        """Return the trace of `case` in the arithmetic's own numbers, arrays by step as lists.

        `branches` fix where relu's derivative is 1, and where a maximum comes from.
        """
        return self.stepped(self.given(case, branches))

    def given(
        self,
        case: Case,
        branches: Branches | None = None,
        weights: Mapping[str, M] | None = None,
    ) -> Given[M]:
        """Return `case` in the arithmetic's numbers; `weights` replace the case's."""
        return given(self.do, case, branches, weights)

    def stepped(self, given: Given[M]) -> dict[str, Any]:
        """Return the values, the gradients, and what every update comes to."""
        config, velocities = given.case.config, dict[str, M]()
        trace = values = self.values(given)
        for update in range(1, config.updates + 1):
            if update > 1:
                values = self.values(replace(given, branches=None))
                told = ("hidden", "loss") if config.kind == "classifier" else ("hidden",)
                trace |= {step_name(update, name): values[name] for name in told}
            grads = _of_parameters(given, values)
            if not config.plain_step:
                grads = {name: self.do.rounded(f"grad/{name}", g) for name, g in grads.items()}
            after, velocities = self.descent(given, grads, velocities)
            if not config.plain_step:
                after = {name: self.do.rounded(f"step/{name}", w) for name, w in after.items()}
                velocities = {n: self.do.rounded(f"velocity/{n}", v) for n, v in velocities.items()}
            trace |= {step_name(update, name): weight for name, weight in after.items()}
            given = given.after(after)
        return trace

    def values(self, given: Given[M]) -> dict[str, Any]:
        """Return the states, the loss and every gradient."""
        config = given.case.config
        layers = self.network(given)
        trace: dict[str, Any] = dict(zip(outputs(config), map(self.outputs, layers), strict=True))
        if config.with_final:
            passes = [one for layer in layers for one in layer]
            trace |= {one.cell.name("final"): self.final(one) for one in passes}
        given, head, d_logits, grads = self.head(given, layers[-1], trace["hidden"])
        upstream, finals = self.upstream(given, d_logits), self.by_final(given, d_logits)
        grads |= self.network_gradients(layers, upstream, finals)
        grads = self.gradients(given, grads)
        told = _compared(given)
        named = {f"grad/{name}": g for name, g in grads.items() if name in told}
        return trace | head | named

    def head(
        self, given: Given[M], layer: Layer[M], hidden: list[M]
    ) -> tuple[Given[M], dict[str, Any], M | list[M] | None, dict[str, Any]]:
        """Return what the loss is made of; a classifier's maxima are settled by the way."""
        config = given.case.config
        states = [self.initial(layer), *hidden]
        if config.kind == "layer":
            return given, {}, None, {}
        if config.every_step:
            d_every, head, grads = self.every_head(given, states)
            return given, head, d_every, grads
        if config.pool == "max":
            known = given.branches or Branches(gates={})
            winners = self.winners(given, hidden)
            given = replace(given, branches=replace(known, winners=winners))
        pooled = self.pooled(given, states, [self.final(one) for one in layer])
        logits = self.logits(given, pooled)
        d_logits = self.d_logits(given, logits)
        head = {"logits": logits, "loss": self.loss(given, logits)}
        return given, head, d_logits, self.head_gradients(pooled, d_logits)

    def summed(self, name: str, terms: list[M]) -> M:
        """The sum of one parameter's terms over time: as the layer's are summed"""
        return self.over_time(name, terms)

    def gradients(self, given: Given[M], grads: dict[str, Any]) -> dict[str, Any]:
        """What becomes of all gradients before the step: nothing"""
        return grads


def _of_parameters(given: Given[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the gradients by the parameters, in the order in which they are computed."""
    names = (name.removeprefix("grad/") for name in values if name.startswith("grad/"))
    parameters = given.case.parameters
    return {name: values[f"grad/{name}"] for name in names if name in parameters}


def _compared(given: Given[Any]) -> Collection[str]:
    """Return the names of the case's gradients: there may be no bias, or no initial state."""
    config = given.case.config
    initial = () if config.initial == "absent" else config.cells
    return {"x", *given.case.parameters, *(cell.name("h_0") for cell in initial)}
