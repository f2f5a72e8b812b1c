#!/usr/bin/env python
"""Recurrent net without biases; sequences are lists of column vectors."""
import numpy as np


class Net:
    def __init__(self, sizes, rng=None):
        rng = rng or np.random.RandomState(12)
        i, h, o = sizes
        self.win = rng.randn(h, i) * 0.4
        self.wrec = rng.randn(h, h) * 0.4
        self.wout = rng.randn(o, h) * 0.4
        self.clear_gradients()

    def clear_gradients(self):
        self.gin = np.zeros(self.win.shape)
        self.grec = np.zeros(self.wrec.shape)
        self.gout = np.zeros(self.wout.shape)

    def forward(self, seq):
        """list of (i, 1) -> list of logits (o, 1)"""
        self.seq = seq
        self.states = [np.zeros((self.wrec.shape[0], 1))]
        logits = []
        for col in seq:
            s = np.tanh(self.win @ col + self.wrec @ self.states[-1])
            self.states.append(s)
            logits.append(self.wout @ s)
        return logits

    def loss(self, logits, targets):
        """sum of the cross entropies, targets: list of one-hot columns"""
        total, deltas = 0.0, []
        for z, y in zip(logits, targets):
            z = z - z.max()
            logsum = np.log(np.exp(z).sum())
            total += float((y * (logsum - z)).sum())
            deltas.append(np.exp(z - logsum) - y)
        return total, deltas

    def backward(self, deltas):
        self.clear_gradients()
        carried = np.zeros_like(self.states[0])
        for t in range(len(self.seq), 0, -1):
            self.gout += deltas[t - 1] @ self.states[t].T
            err = self.wout.T @ deltas[t - 1] + carried
            err *= 1 - self.states[t] ** 2
            self.gin += err @ self.seq[t - 1].T
            self.grec += err @ self.states[t - 1].T
            carried = self.wrec.T @ err

    def descend(self, eta):
        self.win -= eta * self.gin
        self.wrec -= eta * self.grec
        self.wout -= eta * self.gout


def onehot(i, n):
    c = np.zeros((n, 1))
    c[i, 0] = 1.0
    return c


if __name__ == "__main__":
    word = "mississippi"
    alphabet = sorted(set(word))
    cols = [onehot(alphabet.index(ch), len(alphabet)) for ch in word]
    net = Net((len(alphabet), 10, len(alphabet)))
    for epoch in range(301):
        logits = net.forward(cols[:-1])
        loss, deltas = net.loss(logits, cols[1:])
        net.backward(deltas)
        net.descend(0.1)
        if epoch % 100 == 0:
            guess = "".join(alphabet[int(z.argmax())] for z in logits)
            print(epoch, round(loss, 3), word[0] + guess)
