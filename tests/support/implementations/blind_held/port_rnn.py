"""
NumPy port of the recurrent encoder, so that the service can run (and be
fine-tuned) without the training framework.  Parameter names follow the
state_dict of the exported model:

    weight_ih_l{k}, weight_hh_l{k}, bias_ih_l{k}, bias_hh_l{k}
"""
import numpy as np


def _tanh(z):
    return np.tanh(z), lambda a: 1.0 - a * a


def _relu(z):
    return np.maximum(z, 0.0), lambda a: (a > 0.0) * 1.0


class RecurrentEncoder:

    def __init__(self, input_size, hidden_size, num_layers=1, nonlinearity="tanh", batch_first=True, bias=True):
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.batch_first = batch_first
        self.bias = bias
        self._act = {"tanh": _tanh, "relu": _relu}[nonlinearity]
        self.params = {}
        bound = 1.0 / np.sqrt(hidden_size)
        for k in range(num_layers):
            width = input_size if k == 0 else hidden_size
            self.params[f"weight_ih_l{k}"] = np.random.uniform(-bound, bound, (hidden_size, width))
            self.params[f"weight_hh_l{k}"] = np.random.uniform(-bound, bound, (hidden_size, hidden_size))
            if bias:
                self.params[f"bias_ih_l{k}"] = np.random.uniform(-bound, bound, hidden_size)
                self.params[f"bias_hh_l{k}"] = np.random.uniform(-bound, bound, hidden_size)
        self.grads = {}
        self._ctx = None

    def load_state_dict(self, state):
        for name in self.params:
            value = np.array(state[name], dtype=np.float64)
            if value.shape != self.params[name].shape:
                raise ValueError(f"{name}: expected {self.params[name].shape}, got {value.shape}")
            self.params[name] = value

    def state_dict(self):
        return {k: v.copy() for k, v in self.params.items()}

    def forward(self, x, h0=None):
        """-> output (like x, hidden_size wide), h_n (num_layers, batch, hidden_size)"""
        if self.batch_first:
            x = np.swapaxes(x, 0, 1)
        steps, batch, _ = x.shape
        if h0 is None:
            h0 = np.zeros((self.num_layers, batch, self.hidden_size))
        ctx, h_n = [], np.empty_like(h0)
        for k in range(self.num_layers):
            P = self.params
            drive = x @ P[f"weight_ih_l{k}"].T
            if self.bias:
                drive = drive + P[f"bias_ih_l{k}"] + P[f"bias_hh_l{k}"]
            h = h0[k]
            out = np.empty((steps, batch, self.hidden_size))
            for t in range(steps):
                h, deriv = self._act(drive[t] + h @ P[f"weight_hh_l{k}"].T)
                out[t] = h
            ctx.append((x, h0[k], out, deriv))
            h_n[k] = h
            x = out
        self._ctx = ctx
        return (np.swapaxes(x, 0, 1) if self.batch_first else x), h_n

    def backward(self, d_output, d_hn=None):
        """Fills self.grads; returns d_x, d_h0."""
        d = np.swapaxes(d_output, 0, 1) if self.batch_first else d_output
        if d_hn is None:
            d_hn = np.zeros((self.num_layers,) + d.shape[1:])
        d_h0 = np.empty_like(d_hn)
        for k in reversed(range(self.num_layers)):
            x, h_init, out, deriv = self._ctx[k]
            W_ih, W_hh = self.params[f"weight_ih_l{k}"], self.params[f"weight_hh_l{k}"]
            carry = d_hn[-1]
            dz = np.empty_like(out)
            for t in reversed(range(len(out))):
                dz[t] = (d[t] + carry) * deriv(out[t])
                carry = dz[t] @ W_hh
            d_h0[k] = carry
            before = np.concatenate([h_init[None], out[:-1]])
            self.grads[f"weight_ih_l{k}"] = np.einsum("tbh,tbi->hi", dz, x)
            self.grads[f"weight_hh_l{k}"] = np.einsum("tbh,tbi->hi", dz, before)
            if self.bias:
                self.grads[f"bias_ih_l{k}"] = dz.sum(axis=(0, 1))
                self.grads[f"bias_hh_l{k}"] = dz.sum(axis=(0, 1))
            d = dz @ W_ih
        return (np.swapaxes(d, 0, 1) if self.batch_first else d), d_h0

    def sgd_step(self, lr, weight_decay=0.0):
        for name, g in self.grads.items():
            self.params[name] -= lr * (g + weight_decay * self.params[name])


if __name__ == "__main__":
    np.random.seed(0)
    enc = RecurrentEncoder(3, 6, num_layers=2)
    x = np.random.randn(4, 5, 3)
    out, h_n = enc.forward(x)
    print("output", out.shape, "h_n", h_n.shape)
    # finite difference on one weight
    w = enc.params["weight_hh_l0"]
    d_out, d_hn = np.random.randn(*out.shape), np.zeros_like(h_n)
    enc.backward(d_out, d_hn)
    got = enc.grads["weight_hh_l0"][1, 2]
    eps = 1e-6
    w[1, 2] += eps
    hi = np.sum(enc.forward(x)[0] * d_out)
    w[1, 2] -= 2 * eps
    lo = np.sum(enc.forward(x)[0] * d_out)
    w[1, 2] += eps
    print("numeric %.8f analytic %.8f" % ((hi - lo) / (2 * eps), got))
