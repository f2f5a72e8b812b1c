"""Tiny RNN for the microcontroller port: float32 everywhere."""
import numpy as np

F = np.float32


class TinyRNN:
    def __init__(self, n_in, n_hidden, n_out, seed=1):
        g = np.random.default_rng(seed)
        self.w1 = (g.standard_normal((n_in, n_hidden)) * 0.1).astype(F)
        self.w2 = (g.standard_normal((n_hidden, n_hidden)) * 0.1).astype(F)
        self.w3 = (g.standard_normal((n_hidden, n_out)) * 0.1).astype(F)
        self.b1 = np.zeros((1, n_hidden), F)
        self.b3 = np.zeros((1, n_out), F)

    def forward(self, x, h=None):
        x = np.asarray(x, F)
        n, steps, _ = x.shape
        h = np.zeros((n, self.w2.shape[0]), F) if h is None else np.asarray(h, F)
        trace = [h]
        for t in range(steps):
            h = np.tanh(x[:, t] @ self.w1 + h @ self.w2 + self.b1)
            trace.append(h)
        return h @ self.w3 + self.b3, {"x": x, "h": trace}

    def loss(self, logits, y):
        z = logits - logits.max(1, keepdims=True)
        lse = np.log(np.exp(z).sum(1, keepdims=True, dtype=F))
        logp = z - lse
        d = np.exp(logp)
        d[np.arange(len(y)), y] -= F(1)
        return F(-logp[np.arange(len(y)), y].mean()), d / F(len(y))

    def backward(self, dlogits, cache):
        x, h = cache["x"], cache["h"]
        dlogits = np.asarray(dlogits, F)
        g = {k: np.zeros_like(getattr(self, k)) for k in ("w1", "w2", "b1")}
        g["w3"] = h[-1].T @ dlogits
        g["b3"] = dlogits.sum(0, keepdims=True)
        dh = dlogits @ self.w3.T
        for t in range(x.shape[1] - 1, -1, -1):
            dz = dh * (F(1) - h[t + 1] * h[t + 1])
            g["w1"] += x[:, t].T @ dz
            g["w2"] += h[t].T @ dz
            g["b1"] += dz.sum(0, keepdims=True)
            dh = dz @ self.w2.T
        return g
