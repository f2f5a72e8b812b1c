# Language model with truncated backpropagation through time
import numpy as np


class RNNTruncated:

    def __init__(self, word_dim, hidden_dim=100, bptt_truncate=None):
        self.word_dim = word_dim
        self.hidden_dim = hidden_dim
        self.bptt_truncate = bptt_truncate     # None: all the way
        lim_i, lim_h = np.sqrt(1. / word_dim), np.sqrt(1. / hidden_dim)
        self.U = np.random.uniform(-lim_i, lim_i, (hidden_dim, word_dim))
        self.V = np.random.uniform(-lim_h, lim_h, (word_dim, hidden_dim))
        self.W = np.random.uniform(-lim_h, lim_h, (hidden_dim, hidden_dim))

    def forward_propagation(self, x):
        """x is a list of word indices"""
        T = len(x)
        # one extra row for the initial state, reached as s[-1]
        s = np.zeros((T + 1, self.hidden_dim))
        o = np.zeros((T, self.word_dim))
        for t in range(T):
            s[t] = np.tanh(self.U[:, x[t]] + self.W.dot(s[t - 1]))
            z = self.V.dot(s[t])
            e = np.exp(z - z.max())
            o[t] = e / e.sum()
        return o, s

    def predict(self, x):
        return self.forward_propagation(x)[0].argmax(axis=1)

    def calculate_total_loss(self, x, y):
        total = 0.0
        for xi, yi in zip(x, y):
            o, _ = self.forward_propagation(xi)
            total -= np.log(o[np.arange(len(yi)), yi]).sum()
        return total

    def calculate_loss(self, x, y):
        return self.calculate_total_loss(x, y) / sum(len(yi) for yi in y)

    def bptt(self, x, y):
        T = len(y)
        o, s = self.forward_propagation(x)
        dLdU = np.zeros(self.U.shape)
        dLdV = np.zeros(self.V.shape)
        dLdW = np.zeros(self.W.shape)
        delta_o = o
        delta_o[np.arange(T), y] -= 1.
        for t in range(T)[::-1]:
            dLdV += np.outer(delta_o[t], s[t])
            delta = self.V.T.dot(delta_o[t]) * (1 - s[t] ** 2)
            first = 0 if self.bptt_truncate is None else max(0, t - self.bptt_truncate)
            for k in range(t, first - 1, -1):
                dLdW += np.outer(delta, s[k - 1])
                dLdU[:, x[k]] += delta
                delta = self.W.T.dot(delta) * (1 - s[k - 1] ** 2)
        return dLdU, dLdV, dLdW

    def sgd_step(self, x, y, learning_rate):
        dLdU, dLdV, dLdW = self.bptt(x, y)
        self.U -= learning_rate * dLdU
        self.V -= learning_rate * dLdV
        self.W -= learning_rate * dLdW


def train_with_sgd(model, X, Y, learning_rate=0.1, nepoch=20, evaluate_every=5):
    losses = []
    for epoch in range(nepoch):
        if epoch % evaluate_every == 0:
            losses.append(model.calculate_loss(X, Y))
            print("epoch %d: loss %f" % (epoch, losses[-1]))
            if len(losses) > 1 and losses[-1] > losses[-2]:
                learning_rate *= 0.5
        for xi, yi in zip(X, Y):
            model.sgd_step(xi, yi, learning_rate)
    return losses


if __name__ == "__main__":
    np.random.seed(10)
    sentences = ["the cat sat on the mat", "the dog sat on the rug", "a cat saw the dog"]
    words = ["<s>", "</s>"] + sorted({w for s in sentences for w in s.split()})
    idx = {w: i for i, w in enumerate(words)}
    data = [[0] + [idx[w] for w in s.split()] + [1] for s in sentences]
    X, Y = [d[:-1] for d in data], [d[1:] for d in data]
    model = RNNTruncated(len(words), 20, bptt_truncate=None)
    train_with_sgd(model, X, Y)
