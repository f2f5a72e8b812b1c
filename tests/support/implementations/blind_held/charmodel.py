import numpy as np


class CharModel(object):
    """One-layer character RNN.  train_step() does the forward pass, the loss,
    the backward pass and the SGD update in one go."""

    def __init__(self, data, n_hid=64, lr=0.02):
        self.alphabet = sorted(list(set(data)))
        self.idx = {ch: i for i, ch in enumerate(self.alphabet)}
        self.n_hid = n_hid
        self.lr = lr
        v = len(self.alphabet)
        self.U = np.random.randn(n_hid, v) / np.sqrt(v)       # input -> hidden
        self.W = np.random.randn(n_hid, n_hid) / np.sqrt(n_hid)  # hidden -> hidden
        self.V = np.random.randn(v, n_hid) / np.sqrt(n_hid)   # hidden -> output
        self.b = np.zeros(n_hid)
        self.c = np.zeros(v)
        self.state = np.zeros(n_hid)

    def reset(self):
        self.state = np.zeros(self.n_hid)

    def forward(self, ids):
        """ids: 1-d integer array. Returns (T, vocab) probabilities and (T+1, n_hid) states."""
        s = np.zeros((len(ids) + 1, self.n_hid))
        s[0] = self.state
        p = np.zeros((len(ids), len(self.alphabet)))
        for t, k in enumerate(ids):
            s[t + 1] = np.tanh(self.U[:, k] + self.W @ s[t] + self.b)
            z = self.V @ s[t + 1] + self.c
            z = np.exp(z - z.max())
            p[t] = z / z.sum()
        return p, s

    def train_step(self, ids, targets):
        n = len(ids)
        p, s = self.forward(ids)
        loss = -np.log(p[np.arange(n), targets]).sum()

        d = p.copy()
        d[np.arange(n), targets] -= 1
        self.V -= self.lr * (d.T @ s[1:])
        self.c -= self.lr * d.sum(0)
        ds = d @ self.V                      # (T, n_hid)

        gU = np.zeros_like(self.U)
        gW = np.zeros_like(self.W)
        gb = np.zeros_like(self.b)
        carry = np.zeros(self.n_hid)
        for t in range(n - 1, -1, -1):
            a = (ds[t] + carry) * (1 - s[t + 1] ** 2)
            gU[:, ids[t]] += a
            gW += np.outer(a, s[t])
            gb += a
            carry = a @ self.W
        self.U -= self.lr * gU
        self.W -= self.lr * gW
        self.b -= self.lr * gb
        self.state = s[-1]
        return loss

    def generate(self, first, n):
        keep = self.state
        out = first
        k = self.idx[first]
        for _ in range(n):
            p, s = self.forward([k])
            self.state = s[-1]
            k = np.random.choice(len(self.alphabet), p=p[0])
            out += self.alphabet[k]
        self.state = keep
        return out


def main():
    np.random.seed(0)
    data = "she sells sea shells by the sea shore; the shells she sells are sea shells. " * 4
    model = CharModel(data)
    ids = np.array([model.idx[c] for c in data])
    span = 20
    for epoch in range(15):
        model.reset()
        total = 0
        for i in range(0, len(ids) - span - 1, span):
            total += model.train_step(ids[i:i + span], ids[i + 1:i + span + 1])
        if epoch % 5 == 4:
            print(epoch, total / len(ids), model.generate("s", 40))


if __name__ == "__main__":
    main()
