"""RNN out of small layers: two Dense layers, an addition and a Tanh per step.

Each layer pushes what it needs on its own stack and pops it in backward.
"""
import numpy as np


class Dense:
    def __init__(self, n_in, n_out, bias=True):
        self.w = np.random.randn(n_in, n_out) * np.sqrt(1.0 / n_in)
        self.b = np.zeros(n_out) if bias else None
        self.zero()

    def zero(self):
        self.dw = np.zeros_like(self.w)
        self.db = None if self.b is None else np.zeros_like(self.b)
        self.saved = []

    def forward(self, x):
        self.saved.append(x)
        y = x @ self.w
        return y if self.b is None else y + self.b

    def backward(self, dy):
        x = self.saved.pop()
        self.dw += x.T @ dy
        if self.b is not None:
            self.db += dy.sum(axis=0)
        return dy @ self.w.T

    def update(self, lr):
        self.w -= lr * self.dw
        if self.b is not None:
            self.b -= lr * self.db


class Tanh:
    def __init__(self):
        self.saved = []

    def forward(self, x):
        y = np.tanh(x)
        self.saved.append(y)
        return y

    def backward(self, dy):
        y = self.saved.pop()
        return dy * (1 - y * y)


class SoftmaxLoss:
    """targets are one-hot rows, mean over the batch"""

    def forward(self, logits, targets):
        shifted = logits - np.max(logits, axis=1, keepdims=True)
        self.logp = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        self.targets = targets
        return -np.sum(targets * self.logp) / len(targets)

    def backward(self):
        return (np.exp(self.logp) - self.targets) / len(self.targets)


class Model:
    def __init__(self, n_in, n_hidden, n_out):
        self.n_hidden = n_hidden
        self.fx = Dense(n_in, n_hidden)
        self.fh = Dense(n_hidden, n_hidden)
        self.act = Tanh()
        self.head = Dense(n_hidden, n_out)
        self.loss = SoftmaxLoss()

    def layers(self):
        return [self.fx, self.fh, self.head]

    def forward(self, seq):
        """seq: iterable of T arrays (batch, n_in)"""
        for layer in self.layers():
            layer.zero()
        self.act.saved = []
        self.length = len(seq)
        h = np.zeros((len(seq[0]), self.n_hidden))
        for x in seq:
            h = self.act.forward(self.fx.forward(x) + self.fh.forward(h))
        return self.head.forward(h)

    def backward(self):
        dh = self.head.backward(self.loss.backward())
        dxs = []
        for _ in range(self.length):
            dz = self.act.backward(dh)
            dxs.append(self.fx.backward(dz))
            dh = self.fh.backward(dz)
        return dxs[::-1]

    def fit(self, seq, targets, epochs, lr):
        for e in range(epochs):
            value = self.loss.forward(self.forward(seq), targets)
            self.backward()
            for layer in self.layers():
                layer.update(lr)
            if e % 50 == 0:
                print("epoch", e, "loss", value)


if __name__ == "__main__":
    np.random.seed(8)
    seq = np.random.randn(5, 100, 3)
    labels = seq.mean(axis=0).argmax(axis=1)
    Model(3, 20, 3).fit(seq, np.eye(3)[labels], 200, 0.3)
