"""nnlite: a very small neural network library (layers, losses, optimizers)."""
import numpy as np


# ---- activations ------------------------------------------------------------

class Tanh:
    def __call__(self, z):
        return np.tanh(z)

    def gradient(self, a):
        """derivative, written in terms of the activation's output"""
        return 1.0 - a * a


class ReLU:
    def __call__(self, z):
        return np.where(z > 0, z, 0.0)

    def gradient(self, a):
        return (a > 0).astype(a.dtype)


ACTIVATIONS = {"tanh": Tanh, "relu": ReLU}


# ---- losses -----------------------------------------------------------------

class MeanSquaredError:
    def loss(self, pred, target):
        return np.mean(np.square(pred - target))

    def gradient(self, pred, target):
        return 2.0 * (pred - target) / pred.size


# ---- optimizers -------------------------------------------------------------

class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr

    def apply(self, params, grads):
        for key in params:
            params[key] -= self.lr * grads[key]


# ---- layers -----------------------------------------------------------------

class Layer:
    def __init__(self):
        self.params = {}
        self.grads = {}

    def forward(self, x):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError


class Recurrent(Layer):
    """Fully recurrent layer: (batch, time, in) -> (batch, time, units)."""

    def __init__(self, n_in, units, activation="tanh", rng=None):
        super().__init__()
        rng = rng or np.random.default_rng()
        self.units = units
        self.act = ACTIVATIONS[activation]()
        self.params["kernel"] = rng.standard_normal((n_in, units)) / np.sqrt(n_in)
        q, _ = np.linalg.qr(rng.standard_normal((units, units)))
        self.params["recurrent"] = q
        self.params["bias"] = np.zeros(units)

    def forward(self, x, initial_state=None):
        self.x = x
        n, steps, _ = x.shape
        self.h0 = np.zeros((n, self.units)) if initial_state is None else initial_state
        # the projection of the inputs can be done for all steps at once
        projected = x @ self.params["kernel"] + self.params["bias"]
        self.h = np.zeros((n, steps, self.units))
        previous = self.h0
        for t in range(steps):
            previous = self.act(projected[:, t] + previous @ self.params["recurrent"])
            self.h[:, t] = previous
        return self.h

    def backward(self, grad):
        n, steps, _ = self.x.shape
        d_pre = np.zeros_like(self.h)
        flowing = np.zeros((n, self.units))
        for t in range(steps - 1, -1, -1):
            d_pre[:, t] = (grad[:, t] + flowing) * self.act.gradient(self.h[:, t])
            flowing = d_pre[:, t] @ self.params["recurrent"].T
        self.grad_initial_state = flowing
        h_before = np.concatenate([self.h0[:, None], self.h[:, :-1]], axis=1)
        self.grads["kernel"] = np.tensordot(self.x, d_pre, axes=([0, 1], [0, 1]))
        self.grads["recurrent"] = np.tensordot(h_before, d_pre, axes=([0, 1], [0, 1]))
        self.grads["bias"] = d_pre.sum(axis=(0, 1))
        return d_pre @ self.params["kernel"].T


class Dense(Layer):
    def __init__(self, n_in, n_out, rng=None):
        super().__init__()
        rng = rng or np.random.default_rng()
        self.params["kernel"] = rng.standard_normal((n_in, n_out)) / np.sqrt(n_in)
        self.params["bias"] = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.params["kernel"] + self.params["bias"]

    def backward(self, grad):
        axes = list(range(self.x.ndim - 1))
        self.grads["kernel"] = np.tensordot(self.x, grad, axes=(axes, axes))
        self.grads["bias"] = grad.sum(axis=tuple(axes))
        return grad @ self.params["kernel"].T


class Model:
    def __init__(self, layers, loss, optimizer):
        self.layers, self.loss, self.optimizer = layers, loss, optimizer

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def train_on_batch(self, x, y):
        pred = self.forward(x)
        grad = self.loss.gradient(pred, y)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        for layer in self.layers:
            self.optimizer.apply(layer.params, layer.grads)
        return self.loss.loss(pred, y)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    x = rng.standard_normal((32, 10, 1))
    y = 0.5 * np.cumsum(x, axis=1) / np.sqrt(np.arange(1, 11))[None, :, None]
    model = Model([Recurrent(1, 16, rng=rng), Dense(16, 1, rng=rng)], MeanSquaredError(), SGD(0.1))
    for epoch in range(301):
        value = model.train_on_batch(x, y)
        if epoch % 100 == 0:
            print(f"epoch {epoch:3d}  mse {value:.5f}")
