"""The step: clipping, and stochastic gradient descent."""

from collections.abc import Mapping
from typing import Generic

from parity.model.formats import largest_sum_of_squares
from parity.reference.equations.arithmetic import Arithmetic, M
from parity.reference.equations.clipping import clipped_at, norm_factor
from parity.reference.equations.given import Given


class DescentEquations(Generic[M]):
    """Clipping by value or by norm, and one step of SGD.

    Source: PyTorch `torch.optim.SGD`, `clip_grad_value_` and `clip_grad_norm_` documentation.
    """

    do: Arithmetic[M]

    def descent(
        self, given: Given[M], grads: Mapping[str, M], velocities: Mapping[str, M]
    ) -> tuple[dict[str, M], dict[str, M]]:
        """Return the weights after a step, and the velocities that the next one begins with."""
        stepped, after = {}, {}
        for name, gradient in self.clipped(given, dict(grads)).items():
            pull = self.pull(given, name, gradient)
            after[name] = self.velocity(given, name, pull, velocities.get(name))
            heading = self.heading(given, name, pull, after[name])
            stepped[name] = self.step(given, name, heading)
        return stepped, after

    def clipped(self, given: Given[M], grads: dict[str, M]) -> dict[str, M]:
        """Every entry at most the value; or all gradients scaled so that their norm is the norm"""
        config = given.case.config
        if config.clip_value:
            return {n: clipped_at(self.do, g, config.clip_value) for n, g in grads.items()}
        if config.clip_norm:
            largest = largest_sum_of_squares(config.dtype)
            factor = norm_factor(self.do, grads.values(), config.clip_norm, largest=largest)
            return {name: gradient * factor for name, gradient in grads.items()}
        return grads

    def pull(self, given: Given[M], name: str, gradient: M) -> M:
        """g, downhill or uphill, plus the weight decay: g + wd w"""
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
