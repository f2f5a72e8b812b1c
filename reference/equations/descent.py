"""The step: clipping, and stochastic gradient descent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from parity.model.formats import largest_sum_of_squares
from parity.reference.equations.arithmetic import Arithmetic, M
from parity.reference.equations.clipping import clipped_at, norm_factor
from parity.reference.equations.given import Given


@dataclass(frozen=True, kw_only=True)
class Descent(Generic[M]):
    """One step of SGD, from which the next one continues."""

    gradients: Mapping[str, Any]  # that it was given
    weights: Mapping[str, M]  # after the step
    velocities: Mapping[str, M]


class DescentEquations(Generic[M]):
    """Clipping by value or by norm, and one step of SGD.

    Source: PyTorch `torch.optim.SGD`, `clip_grad_value_` and `clip_grad_norm_` documentation.
    """

    do: Arithmetic[M]

    def descent(
        self, given: Given[M], gradients: Mapping[str, Any], before: Descent[M] | None
    ) -> Descent[M]:
        """Clip the gradients by the parameters and step along them, after the step `before`."""
        velocities = {} if before is None else before.velocities
        weights, after = {}, {}
        for name, gradient in self.clipped(given, self.trained(given, gradients)).items():
            pull = self.pull(given, name, gradient)
            after[name] = self.velocity(given, name, pull, velocities.get(name))
            heading = self.heading(given, name, pull, after[name])
            weights[name] = self.step(given, name, heading)
        return Descent(gradients=gradients, weights=weights, velocities=after)

    def trained(self, given: Given[M], gradients: Mapping[str, Any]) -> dict[str, M]:
        """The gradients by the parameters, in the order in which they are computed"""
        parameters = given.case.parameters
        return {name: g for name, g in gradients.items() if name in parameters}

    def clipped(self, given: Given[M], grads: dict[str, M]) -> dict[str, M]:
        """Every entry clipped at a value, or all gradients scaled to a norm, where asked for"""
        config = given.case.config
        if config.clip_value:
            return {n: clipped_at(self.do, g, config.clip_value) for n, g in grads.items()}
        if config.clip_norm:
            largest = largest_sum_of_squares(config.dtype)
            factor = norm_factor(self.do, grads.values(), config.clip_norm, largest=largest)
            return {name: gradient * factor for name, gradient in grads.items()}
        return grads

    def pull(self, given: Given[M], name: str, gradient: M) -> M:
        """g + wd w, and -g for g where the step goes uphill"""
        config = given.case.config
        pull = gradient * -1.0 if config.maximize else gradient
        if not config.weight_decay:
            return pull
        return pull + given.parameter(name) * config.weight_decay

    def velocity(self, given: Given[M], name: str, pull: M, before: M | None) -> M:
        """v = g in the first step, then momentum v + (1 - dampening) g"""
        config = given.case.config
        if before is None or not config.momentum:
            return pull
        return before * config.momentum + pull * (1 - config.dampening)

    def heading(self, given: Given[M], name: str, pull: M, velocity: M) -> M:
        """v, or Nesterov's g + momentum v"""
        config = given.case.config
        return pull + velocity * config.momentum if config.nesterov else velocity

    def step(self, given: Given[M], name: str, gradient: M) -> M:
        """w' = w - lr g"""
        return given.parameter(name) - gradient * given.case.lr
