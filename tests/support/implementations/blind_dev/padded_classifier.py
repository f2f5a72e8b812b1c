"""Text classification with padded minibatches.

Sequences of different length are padded at the end; a step whose mask is 0
copies the state, so after the loop every row holds its own last state.
"""
import numpy as np


def pad(seqs, dim):
    L = max(len(s) for s in seqs)
    X = np.zeros((len(seqs), L, dim))
    M = np.zeros((len(seqs), L))
    for i, s in enumerate(seqs):
        X[i, :len(s)] = s
        M[i, :len(s)] = 1
    return X, M


class PaddedRNNClassifier:
    def __init__(self, dim, hidden, classes, rng):
        sd = lambda n: 1 / np.sqrt(n)
        self.params = {
            "Wx": rng.normal(0, sd(dim), (dim, hidden)),
            "Wh": rng.normal(0, sd(hidden), (hidden, hidden)),
            "b": np.zeros(hidden),
            "Wo": rng.normal(0, sd(hidden), (hidden, classes)),
            "bo": np.zeros(classes),
        }

    def forward(self, X, M):
        P = self.params
        N, L, _ = X.shape
        h = np.zeros((N, P["b"].size))
        cache = []
        for t in range(L):
            m = M[:, t:t + 1]
            cand = np.tanh(X[:, t] @ P["Wx"] + h @ P["Wh"] + P["b"])
            cache.append((h, cand, m))
            h = m * cand + (1 - m) * h
        scores = h @ P["Wo"] + P["bo"]
        return scores, (X, h, cache)

    def loss(self, X, M, y):
        """mean cross entropy and gradients; y integer labels"""
        P = self.params
        scores, (X, h_last, cache) = self.forward(X, M)
        N = len(y)
        s = scores - scores.max(1, keepdims=True)
        prob = np.exp(s)
        prob /= prob.sum(1, keepdims=True)
        loss = -np.log(prob[np.arange(N), y]).mean()

        ds = prob
        ds[np.arange(N), y] -= 1
        ds /= N
        G = {k: np.zeros_like(v) for k, v in P.items()}
        G["Wo"] = h_last.T @ ds
        G["bo"] = ds.sum(0)
        dh = ds @ P["Wo"].T
        for t in reversed(range(X.shape[1])):
            h_prev, cand, m = cache[t]
            da = dh * m * (1 - cand ** 2)
            G["Wx"] += X[:, t].T @ da
            G["Wh"] += h_prev.T @ da
            G["b"] += da.sum(0)
            dh = dh * (1 - m) + da @ P["Wh"].T
        return loss, G

    def step(self, G, lr):
        for k in self.params:
            self.params[k] -= lr * G[k]


if __name__ == "__main__":
    rng = np.random.default_rng(4)
    seqs = [rng.normal(size=(rng.integers(3, 9), 2)) for _ in range(80)]
    y = np.array([int(s[0, 0] > s[0, 1]) for s in seqs])
    X, M = pad(seqs, 2)
    net = PaddedRNNClassifier(2, 16, 2, rng)
    for epoch in range(300):
        loss, G = net.loss(X, M, y)
        net.step(G, 0.3)
        if epoch % 100 == 0:
            acc = (net.forward(X, M)[0].argmax(1) == y).mean()
            print(epoch, loss, acc)
