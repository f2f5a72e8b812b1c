"""The step of the plain network: clipping, and stochastic gradient descent."""

from collections.abc import Mapping

import numpy as np

from tests.support.plain.base import Array, Base

Gradients = Mapping[str, Array]


class DescentStages(Base):
    """Clipping by value or by norm, and one step of SGD.

    Source: PyTorch `torch.optim.SGD`, `clip_grad_value_` and `clip_grad_norm_` documentation.
    """

    velocities: dict[str, Array]  # by the parameters' names; none before the first step

    def stepped(self, gradients: Gradients) -> dict[str, Array]:
        """All weights after one step"""
        clipped = self.clipped({name: gradients[name] for name in self.weights})
        return {name: self.updated(name, g) for name, g in clipped.items()}

    def updated(self, name: str, gradient: Array) -> Array:
        """One weight after one step"""
        pull = self.decayed(name, self.downhill(gradient))
        heading = pull
        if self.config.momentum:
            velocity = self.velocities[name] = self.velocity(pull, self.velocities.get(name))
            heading = self.heading(pull, velocity)
        return self.step(name, heading)

    # -- clipping --------------------------------------------------------------------------------

    def clipped(self, gradients: dict[str, Array]) -> dict[str, Array]:
        """All gradients, as they are unless something is asked for"""
        if self.config.clip_value:
            return self.clipped_by_value(gradients, self.config.clip_value)
        if self.config.clip_norm:
            return self.clipped_by_norm(gradients, self.config.clip_norm)
        return gradients

    def clipped_by_value(self, gradients: Gradients, limit: float) -> dict[str, Array]:
        """max(-limit, min(g, limit)), entry by entry"""
        return {name: self.stored(np.clip(g, -limit, limit)) for name, g in gradients.items()}

    def clipped_by_norm(self, gradients: Gradients, limit: float) -> dict[str, Array]:
        """g min(1, limit / (norm + 1e-6)), by the norm of all gradients together"""
        factor = self.norm_factor(self.norm(gradients), limit)
        return {name: self.stored(g * factor) for name, g in gradients.items()}

    def norm(self, gradients: Gradients) -> Array:
        """The norm of all gradients' norms: the root of the sum of all squares"""
        norms = [np.linalg.norm(g) for g in gradients.values()]
        return self.stored(np.asarray(np.linalg.norm(self.stored(np.asarray(norms)))))

    def norm_factor(self, norm: Array, limit: float) -> Array:
        """min(1, limit / (norm + 1e-6))"""
        reciprocal = self.stored(1 / self.stored(norm + 1e-6))
        return np.minimum(self.stored(reciprocal * limit), 1)

    # -- stochastic gradient descent ---------------------------------------------------------------

    def downhill(self, gradient: Array) -> Array:
        """g, or -g to go uphill"""
        return -gradient if self.config.maximize else gradient

    def decayed(self, name: str, gradient: Array) -> Array:
        """g + decay w"""
        decay = self.factor(self.config.weight_decay)
        return self.stored(gradient + decay * self.weights[name]) if decay else gradient

    def velocity(self, pull: Array, before: Array | None) -> Array:
        """v = g at the first step, then momentum v + (1 - dampening) g"""
        if before is None:
            return pull
        kept = self.stored(self.config.momentum * before)
        return self.stored(kept + self.factor(1 - self.config.dampening) * pull)

    def heading(self, pull: Array, velocity: Array) -> Array:
        """v, or Nesterov's g + momentum v"""
        if not self.config.nesterov:
            return velocity
        return self.stored(pull + self.factor(self.config.momentum) * velocity)

    def step(self, name: str, heading: Array) -> Array:
        """w - lr g"""
        return self.stored(self.weights[name] - self.factor(self.config.lr) * heading)
