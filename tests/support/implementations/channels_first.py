"""Recurrent layer for my conv library, so channels come before time: (batch, channels, length)."""
import numpy as np


class RecurrentLayer:
    def __init__(self, in_channels, out_channels, nonlinearity="tanh"):
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError("unknown nonlinearity: %s" % nonlinearity)
        self.nonlinearity = nonlinearity
        std = np.sqrt(2.0 / (in_channels + out_channels))
        self.params = {
            "U": np.random.normal(0, std, (out_channels, in_channels)),
            "W": np.random.normal(0, std, (out_channels, out_channels)),
            "b": np.zeros(out_channels),
        }
        self.grads = {}

    def _act(self, z):
        return np.tanh(z) if self.nonlinearity == "tanh" else z * (z > 0)

    def _act_grad(self, h):
        return 1 - h * h if self.nonlinearity == "tanh" else 1.0 * (h > 0)

    def forward(self, x, h_init=None):
        n, _, length = x.shape
        U, W, b = self.params["U"], self.params["W"], self.params["b"]
        h = np.zeros((n, W.shape[0])) if h_init is None else h_init
        out = np.zeros((n, W.shape[0], length))
        for l in range(length):
            out[:, :, l] = self._act(np.einsum("nc,hc->nh", x[:, :, l], U) + h @ W.T + b)
            h = out[:, :, l]
        self.saved = x, out, h_init
        return out

    def backward(self, grad_out):
        x, out, h_init = self.saved
        n, c, length = x.shape
        U, W = self.params["U"], self.params["W"]
        self.grads = {name: np.zeros_like(p) for name, p in self.params.items()}
        grad_x = np.zeros_like(x)
        grad_h = np.zeros((n, W.shape[0]))
        for l in range(length)[::-1]:
            d = (grad_out[:, :, l] + grad_h) * self._act_grad(out[:, :, l])
            if l > 0:
                previous = out[:, :, l - 1]
            else:
                previous = np.zeros_like(d) if h_init is None else h_init
            self.grads["U"] += np.einsum("nh,nc->hc", d, x[:, :, l])
            self.grads["W"] += np.einsum("nh,nk->hk", d, previous)
            self.grads["b"] += d.sum(0)
            grad_x[:, :, l] = d @ U
            grad_h = d @ W
        self.grad_h_init = grad_h
        return grad_x
