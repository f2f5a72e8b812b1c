import numpy as np


class RNNLayer:
    """x (steps, batch, inputs) -> states (steps, batch, units); weights as in nn.RNN."""

    def __init__(self, inputs, units):
        k = 1 / np.sqrt(units)
        self.weight_ih = np.random.uniform(-k, k, (units, inputs))
        self.weight_hh = np.random.uniform(-k, k, (units, units))
        self.bias = np.random.uniform(-k, k, units)
        self.grads = {}

    def forward(self, x, h0):
        out = np.zeros((x.shape[0], x.shape[1], h0.shape[1]), x.dtype)
        h = h0
        for t in range(x.shape[0]):
            h = np.tanh(x[t] @ self.weight_ih.T + h @ self.weight_hh.T + self.bias)
            out[t] = h
        self.cache = x, h0, out
        return out

    def backward(self, dout):
        x, h0, out = self.cache
        dx = np.zeros_like(x)
        dh = np.zeros_like(h0)
        dW_ih = np.zeros_like(self.weight_ih)
        dW_hh = np.zeros_like(self.weight_hh)
        db = np.zeros_like(self.bias)
        for t in range(x.shape[0] - 1, -1, -1):
            da = (dout[t] + dh) * (1 - out[t] * out[t])
            previous = out[t - 1] if t > 0 else h0
            dW_ih += da.T @ x[t]
            dW_hh += da.T @ previous
            db += da.sum(axis=0)
            dx[t] = da @ self.weight_ih
            dh = da @ self.weight_hh
        self.grads = {"weight_ih": dW_ih, "weight_hh": dW_hh, "bias": db}
        return dx, dh
