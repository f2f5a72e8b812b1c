from typing import Optional, Tuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class ElmanRegressor:
    """Elman network that maps a sequence to a sequence of real vectors.

    The objective is the mean squared error over every batch element, every
    time step and every output dimension. Arrays are batch first.
    """

    def __init__(self, n_inputs: int, n_hidden: int, n_outputs: int, learning_rate: float = 0.05,
                 momentum: float = 0.0, random_state: Optional[int] = None) -> None:
        gen = np.random.default_rng(random_state)
        self.w_in: Array = gen.normal(0.0, n_inputs ** -0.5, (n_hidden, n_inputs))
        self.w_rec: Array = gen.normal(0.0, n_hidden ** -0.5, (n_hidden, n_hidden))
        self.b_rec: Array = np.zeros(n_hidden)
        self.w_out: Array = gen.normal(0.0, n_hidden ** -0.5, (n_outputs, n_hidden))
        self.b_out: Array = np.zeros(n_outputs)
        self.learning_rate = learning_rate
        self.momentum = momentum
        self._velocity = {name: np.zeros_like(getattr(self, name)) for name in self._names}

    _names = ("w_in", "w_rec", "b_rec", "w_out", "b_out")

    def hidden_states(self, x: Array) -> Array:
        batch, steps, _ = x.shape
        states = np.zeros((batch, steps + 1, self.w_rec.shape[0]))   # index 0: initial state
        for k in range(1, steps + 1):
            states[:, k] = np.tanh(x[:, k - 1] @ self.w_in.T + states[:, k - 1] @ self.w_rec.T + self.b_rec)
        return states

    def predict(self, x: Array) -> Array:
        return self.hidden_states(x)[:, 1:] @ self.w_out.T + self.b_out

    def loss(self, x: Array, target: Array) -> float:
        return float(np.mean((self.predict(x) - target) ** 2))

    def gradients(self, x: Array, target: Array) -> Tuple[float, dict]:
        states = self.hidden_states(x)
        residual = states[:, 1:] @ self.w_out.T + self.b_out - target
        d_out = residual * (2.0 / residual.size)
        grads = {name: np.zeros_like(getattr(self, name)) for name in self._names}
        grads["w_out"] = np.einsum("bto,bth->oh", d_out, states[:, 1:])
        grads["b_out"] = d_out.sum(axis=(0, 1))
        delta = np.zeros((x.shape[0], self.w_rec.shape[0]))
        for k in range(x.shape[1], 1, -1):
            delta = (d_out[:, k - 1] @ self.w_out + delta @ self.w_rec) * (1.0 - states[:, k] ** 2)
            grads["w_in"] += delta.T @ x[:, k - 1]
            grads["w_rec"] += delta.T @ states[:, k - 1]
            grads["b_rec"] += delta.sum(axis=0)
        return float(np.mean(residual ** 2)), grads

    def partial_fit(self, x: Array, target: Array) -> float:
        value, grads = self.gradients(x, target)
        for name in self._names:
            v = self._velocity[name]
            v *= self.momentum
            v -= self.learning_rate * grads[name]
            setattr(self, name, getattr(self, name) + v)
        return value

    def fit(self, x: Array, target: Array, epochs: int = 100) -> "ElmanRegressor":
        self.history = [self.partial_fit(x, target) for _ in range(epochs)]
        return self


def _demo() -> None:
    gen = np.random.default_rng(3)
    x = gen.normal(size=(40, 15, 2))
    # leaky running sum of the two channels
    target = np.zeros((40, 15, 1))
    acc = np.zeros(40)
    for k in range(15):
        acc = 0.6 * acc + 0.3 * x[:, k, 0] - 0.2 * x[:, k, 1]
        target[:, k, 0] = acc
    net = ElmanRegressor(2, 16, 1, learning_rate=0.1, momentum=0.9, random_state=0).fit(x, target, 200)
    print("first/last loss: %.4f %.4f" % (net.history[0], net.history[-1]))


if __name__ == "__main__":
    _demo()
