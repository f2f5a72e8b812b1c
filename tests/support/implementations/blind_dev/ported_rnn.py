"""NumPy port of a single-layer recurrent module, for devices without a
framework.  Parameter names follow the checkpoint we export.
"""
from __future__ import annotations

import numpy as np


class NumpyRNN:
    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, batch_first: bool = False):
        bound = hidden_size ** -0.5
        u = lambda *s: np.random.uniform(-bound, bound, s)
        self.weight_ih = u(hidden_size, input_size)
        self.weight_hh = u(hidden_size, hidden_size)
        self.bias_ih = u(hidden_size) if bias else None
        self.bias_hh = u(hidden_size) if bias else None
        self.hidden_size = hidden_size
        self.bias = bias
        self.batch_first = batch_first
        self.grad: dict[str, np.ndarray] = {}

    def load(self, state: dict) -> None:
        for k, v in state.items():
            name = k.replace("_l0", "")
            if not hasattr(self, name):
                raise KeyError(k)
            setattr(self, name, np.asarray(v, dtype=np.float64))

    def forward(self, x: np.ndarray, hx: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        if self.batch_first:
            x = x.transpose(1, 0, 2)
        steps, batch, _ = x.shape
        # hx is (1, batch, hidden) as in the original
        h = np.zeros((batch, self.hidden_size)) if hx is None else hx[0]
        gates = x @ self.weight_ih.T
        if self.bias:
            gates = gates + self.bias_ih
        out = np.empty((steps, batch, self.hidden_size))
        prev = np.empty_like(out)
        for t in range(steps):
            prev[t] = h
            pre = gates[t] + h @ self.weight_hh.T
            if self.bias:
                pre = pre + self.bias_hh
            h = np.tanh(pre)
            out[t] = h
        self._saved = (x, prev, out)
        y = out.transpose(1, 0, 2) if self.batch_first else out
        return y, h[None]

    def backward(self, grad_out: np.ndarray, grad_hn: np.ndarray | None = None):
        x, prev, out = self._saved
        if self.batch_first:
            grad_out = grad_out.transpose(1, 0, 2)
        d_pre = np.empty_like(out)
        dh = np.zeros_like(out[0]) if grad_hn is None else grad_hn[0]
        for t in range(len(out) - 1, -1, -1):
            d_pre[t] = (dh + grad_out[t]) * (1 - out[t] ** 2)
            dh = d_pre[t] @ self.weight_hh
        flat = d_pre.reshape(-1, self.hidden_size)
        self.grad = {
            "weight_ih": flat.T @ x.reshape(flat.shape[0], -1),
            "weight_hh": flat.T @ prev.reshape(flat.shape[0], -1),
        }
        if self.bias:
            self.grad["bias_ih"] = flat.sum(axis=0)
            self.grad["bias_hh"] = flat.sum(axis=0)
        dx = d_pre @ self.weight_ih
        if self.batch_first:
            dx = dx.transpose(1, 0, 2)
        return dx, dh[None]

    def sgd_step(self, lr: float) -> None:
        for name, g in self.grad.items():
            setattr(self, name, getattr(self, name) - lr * g)


if __name__ == "__main__":
    np.random.seed(0)
    rnn = NumpyRNN(4, 6, batch_first=True)
    y, hn = rnn.forward(np.random.randn(2, 5, 4))
    dx, dh0 = rnn.backward(np.ones_like(y))
    print(y.shape, hn.shape, dx.shape, dh0.shape)
    for k, g in rnn.grad.items():
        print(k, g.shape, float(np.abs(g).mean()))
