"""A mini framework: modules own parameters, parameters own their gradient."""
from __future__ import annotations

import math

import numpy as np


class Parameter:
    def __init__(self, data: np.ndarray) -> None:
        self.data = data
        self.grad = np.zeros_like(data)


class Module:
    def parameters(self):
        for value in vars(self).values():
            if isinstance(value, Parameter):
                yield value
            elif isinstance(value, Module):
                yield from value.parameters()

    def zero_grad(self) -> None:
        for p in self.parameters():
            p.grad[...] = 0


class RNNLayer(Module):
    """Same equation and the same parameter layout as torch.nn.RNN(batch_first=True)."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        k = 1 / math.sqrt(hidden_size)

        def init(*shape):
            return Parameter(np.random.uniform(-k, k, shape))

        self.hidden_size = hidden_size
        self.weight_ih = init(hidden_size, input_size)
        self.weight_hh = init(hidden_size, hidden_size)
        self.bias_ih = init(hidden_size)
        self.bias_hh = init(hidden_size)

    def forward(self, x: np.ndarray, h0: np.ndarray | None = None):
        """x: (N, L, H_in), h0: (N, H). Returns output (N, L, H) and h_n (N, H)."""
        n, length, _ = x.shape
        h = np.zeros((n, self.hidden_size), x.dtype) if h0 is None else h0
        self._x, self._h0 = x, h
        output = np.empty((n, length, self.hidden_size), x.dtype)
        for t in range(length):
            h = np.tanh(
                x[:, t] @ self.weight_ih.data.T
                + self.bias_ih.data
                + h @ self.weight_hh.data.T
                + self.bias_hh.data
            )
            output[:, t] = h
        self._output = output
        return output, h

    __call__ = forward

    def backward(self, grad_output: np.ndarray, grad_h_n: np.ndarray | None = None):
        """Adds to the gradients of the parameters (call zero_grad first)."""
        x, out = self._x, self._output
        grad_x = np.empty_like(x)
        grad_h = np.zeros_like(self._h0) if grad_h_n is None else grad_h_n
        for t in reversed(range(x.shape[1])):
            delta = (grad_output[:, t] + grad_h) * (1 - out[:, t] ** 2)
            h_before = out[:, t - 1] if t > 0 else self._h0
            self.weight_ih.grad += delta.T @ x[:, t]
            self.weight_hh.grad += delta.T @ h_before
            self.bias_ih.grad += delta.sum(axis=0)
            self.bias_hh.grad += delta.sum(axis=0)
            grad_x[:, t] = delta @ self.weight_ih.data
            grad_h = delta @ self.weight_hh.data
        return grad_x, grad_h


class SGD:
    def __init__(self, params, lr: float = 0.1) -> None:
        self.params, self.lr = list(params), lr

    def step(self) -> None:
        for p in self.params:
            p.data -= self.lr * p.grad


if __name__ == "__main__":
    layer = RNNLayer(3, 4)
    optimizer = SGD(layer.parameters())
    out, h_n = layer(np.random.randn(2, 6, 3))
    layer.zero_grad()
    layer.backward(np.ones_like(out))
    optimizer.step()
    print(out.shape, h_n.shape)
