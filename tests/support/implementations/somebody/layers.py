import numpy as np

from .functions import Tanh


class Linear:
    """y = x W + b"""

    def __init__(self, n_in, n_out, bias=True):
        self.weight = np.random.randn(n_in, n_out) * np.sqrt(1 / n_in)
        self.bias = np.zeros(n_out) if bias else None
        self.zero_grad()

    def zero_grad(self):
        self.weight_grad = np.zeros_like(self.weight)
        self.bias_grad = None if self.bias is None else np.zeros_like(self.bias)

    def forward(self, x):
        y = x @ self.weight
        return y if self.bias is None else y + self.bias

    def backward(self, x, dy):
        self.weight_grad += x.T @ dy
        if self.bias is not None:
            self.bias_grad += dy.sum(axis=0)
        return dy @ self.weight.T


class Recurrent:
    """Two Linear layers and an activation, unrolled over time.

    The initial state is part of the layer: give it to the constructor (n_hidden,) or get zeros.
    """

    def __init__(self, n_in, n_hidden, activation=None, h0=None):
        self.input = Linear(n_in, n_hidden)
        self.hidden = Linear(n_hidden, n_hidden, bias=False)
        self.activation = activation or Tanh()
        self.h0 = np.zeros(n_hidden) if h0 is None else np.array(h0, dtype=float)

    def forward(self, x):
        # x: (batch, time, features)
        batch, time = x.shape[:2]
        h = np.broadcast_to(self.h0, (batch, len(self.h0)))
        self.x, self.h, self.z = x, [h], []
        for t in range(time):
            z = self.input.forward(x[:, t]) + self.hidden.forward(h)
            h = self.activation(z)
            self.z.append(z)
            self.h.append(h)
        return np.stack(self.h[1:], axis=1)

    def backward(self, grad):
        self.input.zero_grad()
        self.hidden.zero_grad()
        dx = np.zeros_like(self.x)
        dh = np.zeros_like(self.h[0])
        for t in range(self.x.shape[1] - 1, -1, -1):
            dz = (grad[:, t] + dh) * self.activation.derivative(self.z[t])
            dx[:, t] = self.input.backward(self.x[:, t], dz)
            dh = self.hidden.backward(self.h[t], dz)
        self.h0_grad = dh.sum(axis=0)
        return dx

    def step(self, lr):
        for linear in (self.input, self.hidden):
            linear.weight -= lr * linear.weight_grad
        self.input.bias -= lr * self.input.bias_grad
        self.h0 -= lr * self.h0_grad
