"""minidl - a tiny deep learning framework, just enough for text.

    model = Sequential(Embedding(V, 16), Recurrent(16, 32), Linear(32, V))
    loss = SoftmaxCrossEntropy()
    opt = AdaGrad(model, lr=0.1)
"""
import numpy as np


class Module:
    def __init__(self):
        self._p = {}
        self._g = {}

    def register(self, name, value):
        self._p[name] = value
        self._g[name] = np.zeros_like(value)

    def __getitem__(self, name):
        return self._p[name]

    def children(self):
        return []

    def each(self):
        for name in self._p:
            yield self, name
        for c in self.children():
            yield from c.each()

    def clear(self):
        for m, name in self.each():
            m._g[name].fill(0.0)


class Embedding(Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.register("E", np.random.randn(vocab, dim) * 0.1)

    def forward(self, ids):
        self.ids = ids
        return self["E"][ids]

    def backward(self, d):
        np.add.at(self._g["E"], self.ids, d)


class Recurrent(Module):
    """(T, B, n_in) -> (T, B, n_out), starts from zeros"""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.n_out = n_out
        self.register("I", np.random.randn(n_in, n_out) / np.sqrt(n_in))
        self.register("S", np.random.randn(n_out, n_out) / np.sqrt(n_out))
        self.register("b", np.zeros(n_out))

    def forward(self, x):
        T, B, _ = x.shape
        self.x = x
        self.s = np.zeros((T + 1, B, self.n_out))
        for t in range(T):
            self.s[t] = np.tanh(x[t] @ self["I"] + self.s[t - 1] @ self["S"] + self["b"])
        # the last row stays zero: s[-1] is the initial state
        return self.s[:-1]

    def backward(self, d):
        T, B, _ = self.x.shape
        dx = np.zeros_like(self.x)
        back = np.zeros((B, self.n_out))
        for t in reversed(range(T)):
            dz = (d[t] + back) * (1 - self.s[t] ** 2)
            self._g["I"] += self.x[t].T @ dz
            self._g["S"] += dz.T @ self.s[t - 1]
            self._g["b"] += dz.sum(0)
            dx[t] = dz @ self["I"].T
            back = dz @ self["S"].T
        return dx


class Linear(Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.register("W", np.random.randn(n_in, n_out) / np.sqrt(n_in))
        self.register("b", np.zeros(n_out))

    def forward(self, x):
        self.x = x
        return x @ self["W"] + self["b"]

    def backward(self, d):
        self._g["W"] += np.tensordot(self.x, d, axes=((0, 1), (0, 1)))
        self._g["b"] += d.sum(axis=(0, 1))
        return d @ self["W"].T


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = layers

    def children(self):
        return self.layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, d):
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return d


class SoftmaxCrossEntropy:
    """mean over all the positions"""

    def forward(self, logits, target):
        z = logits - logits.max(-1, keepdims=True)
        e = np.exp(z)
        self.prob = e / e.sum(-1, keepdims=True)
        self.target = target
        picked = np.take_along_axis(self.prob, target[..., None], axis=-1)
        return -np.log(picked).mean()

    def backward(self):
        onehot = np.eye(self.prob.shape[-1])[self.target]
        return (self.prob - onehot) / self.target.size


class AdaGrad:
    def __init__(self, model, lr=0.1, eps=1e-8):
        self.model, self.lr, self.eps = model, lr, eps
        self.mem = [np.zeros_like(m[name]) for m, name in model.each()]

    def step(self):
        for mem, (m, name) in zip(self.mem, self.model.each()):
            g = m._g[name]
            mem += g * g
            m._p[name] -= self.lr * g / (np.sqrt(mem) + self.eps)


if __name__ == "__main__":
    np.random.seed(0)
    text = "abcabdabcabe" * 30
    chars = sorted(set(text))
    ids = np.array([chars.index(c) for c in text])
    xs, ys = ids[:-12].reshape(-1, 12).T, ids[1:-11].reshape(-1, 12).T
    model = Sequential(Embedding(len(chars), 8), Recurrent(8, 16), Linear(16, len(chars)))
    crit, opt = SoftmaxCrossEntropy(), AdaGrad(model)
    for epoch in range(100):
        model.clear()
        loss = crit.forward(model.forward(xs), ys)
        model.backward(crit.backward())
        opt.step()
        if epoch % 25 == 0:
            print(epoch, loss)
