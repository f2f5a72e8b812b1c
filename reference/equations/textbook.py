"""The textbook equations, written once, plainly; the arithmetic is a parameter."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic

from parity.model.branches import Branches
from parity.model.case import Case
from parity.model.names import step_name
from parity.model.trace import outputs
from parity.reference.equations.arithmetic import Arithmetic, M
from parity.reference.equations.descent import Descent, DescentEquations
from parity.reference.equations.given import Given, given
from parity.reference.equations.head import HeadEquations
from parity.reference.equations.network import Layer, NetworkEquations


@dataclass(frozen=True, kw_only=True)
class Evaluated(Generic[M]):
    """The numbers of one pass forward and backward."""

    values: dict[str, Any]  # states, and a classifier's logits and loss
    finals: dict[str, M]  # every cell's final state
    gradients: dict[str, Any]  # by every array, also by those that are not compared


@dataclass(frozen=True, kw_only=True)
class Update(Evaluated[M]):
    """One pass forward and backward, and the step; the next update goes on from it."""

    step: Descent[M]


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
        """Return the values and the gradients of the first update, and the results of every one."""
        config = given.case.config
        trace: dict[str, Any] = {}
        update = None
        for number in range(1, config.updates + 1):
            update = self.update(given, update)
            told = self.compared(given, update)
            if number > 1:
                names = ("hidden", "loss") if config.kind == "classifier" else ("hidden",)
                told = {step_name(number, name): told[name] for name in names}
            trace |= told
            trace |= {step_name(number, name): w for name, w in update.step.weights.items()}
        return trace

    def update(self, given: Given[M], before: Update[M] | None) -> Update[M]:
        """Make one update, from the weights that the update `before` has left."""
        if before is not None:
            given = replace(given.after(before.step.weights), branches=None)
        found = self.evaluated(given)
        gradients = found.gradients
        plain = given.case.config.plain_step
        if not plain:
            gradients = gradients | self.rounded("grad", self.trained(given, gradients))
        step = self.descent(given, gradients, None if before is None else before.step)
        if not plain:
            weights = self.rounded("step", step.weights)
            step = replace(
                step, weights=weights, velocities=self.rounded("velocity", step.velocities)
            )
        return Update(
            values=found.values, finals=found.finals, gradients=found.gradients, step=step
        )

    def rounded(self, chapter: str, arrays: Mapping[str, M]) -> dict[str, M]:
        """Return arrays as the arithmetic stores them."""
        return {name: self.do.rounded(f"{chapter}/{name}", own) for name, own in arrays.items()}

    def values(self, given: Given[M]) -> dict[str, Any]:
        """Return the states, the loss and every compared gradient."""
        return self.compared(given, self.evaluated(given))

    def compared(self, given: Given[M], found: Evaluated[M]) -> dict[str, Any]:
        """Return the values and the gradients that are compared, by their names."""
        told = _compared(given)
        return found.values | {f"grad/{n}": g for n, g in found.gradients.items() if n in told}

    def evaluated(self, given: Given[M]) -> Evaluated[M]:
        """Go forward through the network, and backward."""
        layers = self.network(given)
        names, finals = outputs(given.case.config), self.finals(layers)
        values: dict[str, Any] = dict(zip(names, map(self.outputs, layers), strict=True))
        if given.case.config.with_final:
            values |= finals
        given, head, d_logits, of_head = self.head(given, layers[-1], values["hidden"])
        gradients = self.gradients(given, layers, d_logits, of_head)
        return Evaluated(values=values | head, finals=finals, gradients=gradients)

    def gradients(
        self,
        given: Given[M],
        layers: list[Layer[M]],
        d_logits: M | list[M] | None,
        of_head: dict[str, Any],
    ) -> dict[str, Any]:
        """The gradients by the head's parameters, every cell's, x and the initial states"""
        upstream, finals = self.upstream(given, d_logits), self.by_final(given, d_logits)
        return of_head | self.network_gradients(layers, upstream, finals)

    def head(
        self, given: Given[M], layer: Layer[M], hidden: list[M]
    ) -> tuple[Given[M], dict[str, Any], M | list[M] | None, dict[str, Any]]:
        """Return the head's values, the gradient by its logits, and by its parameters.

        Where it takes a maximum over the steps, the returned case has the branches of that maximum.
        """
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


def _compared(given: Given[Any]) -> Collection[str]:
    """Return the names of the case's gradients: there may be no bias, or no initial state."""
    config = given.case.config
    initial = () if config.initial == "absent" else config.cells
    return {"x", *given.case.parameters, *(cell.name("h_0") for cell in initial)}
