"""Recurrent layer for our little deep learning library (week 9)."""
import numpy as np


class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)

    def zero_grad(self):
        self.grad = np.zeros_like(self.value)


class Layer:
    def params(self):
        return []

    def zero_grad(self):
        for p in self.params():
            p.zero_grad()


class RNN(Layer):
    """Vanilla RNN layer, tanh nonlinearity.

    Input  : (batch, time, input_size)
    Output : (batch, time, hidden_size)
    """

    def __init__(self, input_size, hidden_size, seed=None):
        rng = np.random.RandomState(seed)
        k = 1.0 / np.sqrt(hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.W_xh = Parameter(rng.uniform(-k, k, (input_size, hidden_size)))
        self.W_hh = Parameter(rng.uniform(-k, k, (hidden_size, hidden_size)))
        self.b_h = Parameter(np.zeros(hidden_size))
        self.cache = None

    def params(self):
        return [self.W_xh, self.W_hh, self.b_h]

    def forward(self, x, h0=None):
        n, t, _ = x.shape
        if h0 is None:
            h0 = np.zeros((n, self.hidden_size))
        # the input projection does not depend on the state: do it once
        proj = x @ self.W_xh.value + self.b_h.value
        states = np.empty((n, t + 1, self.hidden_size))
        states[:, 0] = h0
        for i in range(t):
            states[:, i + 1] = np.tanh(proj[:, i] + states[:, i] @ self.W_hh.value)
        self.cache = (x, states)
        return states[:, 1:]

    def backward(self, dout):
        """dout: gradient w.r.t. every output. Returns (dx, dh0)."""
        x, states = self.cache
        n, t, _ = x.shape
        dz = np.empty((n, t, self.hidden_size))
        carry = np.zeros((n, self.hidden_size))
        for i in range(t - 1, -1, -1):
            h = states[:, i + 1]
            dz[:, i] = (dout[:, i] + carry) * (1.0 - h * h)
            carry = dz[:, i] @ self.W_hh.value.T
        self.W_xh.grad += np.einsum("ntd,nth->dh", x, dz)
        self.W_hh.grad += np.einsum("ntk,nth->kh", states[:, :-1], dz)
        self.b_h.grad += dz.sum(axis=(0, 1))
        dx = dz @ self.W_xh.value.T
        return dx, carry


class SGD:
    def __init__(self, params, lr=0.01, momentum=0.0):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.v = [np.zeros_like(p.value) for p in params]

    def step(self):
        for v, p in zip(self.v, self.params):
            v *= self.momentum
            v += p.grad
            p.value -= self.lr * v


if __name__ == "__main__":
    rng = np.random.RandomState(0)
    layer = RNN(3, 8, seed=1)
    opt = SGD(layer.params(), lr=0.05)
    x = rng.randn(16, 10, 3)
    target = np.cumsum(x[:, :, :1], axis=1).repeat(8, axis=2) * 0.1
    for it in range(200):
        layer.zero_grad()
        y = layer.forward(x)
        diff = y - target
        layer.backward(2 * diff / diff.size)
        opt.step()
        if it % 50 == 0:
            print(it, (diff ** 2).mean())
