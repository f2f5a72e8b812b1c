"""Stateful language model: the last hidden state of a batch is the first one
of the next batch (gradients are cut there)."""
import numpy as np


class CharRNN:
    def __init__(self, vocab, hidden, batch, lr=0.5, max_norm=None, seed=0):
        g = np.random.default_rng(seed)
        self.vocab, self.hidden, self.batch = vocab, hidden, batch
        self.lr, self.max_norm = lr, max_norm
        self.E = g.normal(0, 0.1, (hidden, vocab))
        self.R = g.normal(0, 0.1, (hidden, hidden))
        self.O = g.normal(0, 0.1, (vocab, hidden))
        self.h_bias = np.zeros(hidden)
        self.o_bias = np.zeros(vocab)
        self.reset()

    def reset(self):
        self.h = np.zeros((self.batch, self.hidden))

    def train_batch(self, inp, tgt, update=True):
        """inp, tgt: (steps, batch) integers; returns mean loss per character"""
        steps, B = inp.shape
        h, p = {-1: self.h}, {}
        loss = 0.0
        rows = np.arange(B)
        for t in range(steps):
            h[t] = np.tanh(self.E.T[inp[t]] + h[t - 1] @ self.R.T + self.h_bias)
            z = h[t] @ self.O.T + self.o_bias
            z -= z.max(axis=1)[:, None]
            p[t] = np.exp(z) / np.exp(z).sum(axis=1)[:, None]
            loss += -np.log(p[t][rows, tgt[t]]).sum()
        count = steps * B

        dE, dR, dO = np.zeros_like(self.E), np.zeros_like(self.R), np.zeros_like(self.O)
        dhb, dob = np.zeros_like(self.h_bias), np.zeros_like(self.o_bias)
        dnext = np.zeros((B, self.hidden))
        for t in range(steps)[::-1]:
            dz = p[t].copy()
            dz[rows, tgt[t]] -= 1
            dz /= count
            dO += dz.T @ h[t]
            dob += dz.sum(axis=0)
            da = (dz @ self.O + dnext) * (1 - h[t] ** 2)
            np.add.at(dE.T, inp[t], da)
            dR += da.T @ h[t - 1]
            dhb += da.sum(axis=0)
            dnext = da @ self.R
        self.grads = {"E": dE, "R": dR, "O": dO, "h_bias": dhb, "o_bias": dob}
        self.h = h[steps - 1]
        if update:
            self._update()
        return loss / count

    def _update(self):
        scale = 1.0
        if self.max_norm is not None:
            norm = np.sqrt(sum((g ** 2).sum() for g in self.grads.values()))
            scale = min(1.0, self.max_norm / (norm + 1e-12))
        for name, g in self.grads.items():
            getattr(self, name)[...] -= self.lr * scale * g

    def generate(self, start, n, rng):
        h, out, c = np.zeros(self.hidden), [], start
        for _ in range(n):
            h = np.tanh(self.E[:, c] + self.R @ h + self.h_bias)
            z = self.O @ h + self.o_bias
            q = np.exp(z - z.max())
            c = rng.choice(self.vocab, p=q / q.sum())
            out.append(c)
        return out


if __name__ == "__main__":
    text = "she sells sea shells by the sea shore. " * 40
    letters = sorted(set(text))
    ids = np.array([letters.index(c) for c in text])
    B, S = 4, 20
    ids = ids[:len(ids) // B * B].reshape(B, -1).T
    net = CharRNN(len(letters), 40, B, lr=0.5, max_norm=1.0)
    for epoch in range(15):
        net.reset()
        losses = [net.train_batch(ids[i:i + S], ids[i + 1:i + S + 1])
                  for i in range(0, len(ids) - S - 1, S)]
        print(epoch, np.mean(losses))
    print("".join(letters[i] for i in net.generate(0, 60, np.random.default_rng(0))))
