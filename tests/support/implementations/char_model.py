"""Character-level language model, one hidden layer, as a class."""
import numpy as np


class CharRNN:
    def __init__(self, vocab_size, hidden_size=100, rng=None):
        rng = rng or np.random.default_rng(42)
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.Wxh = rng.normal(0, 0.01, (hidden_size, vocab_size))   # input to hidden
        self.Whh = rng.normal(0, 0.01, (hidden_size, hidden_size))  # hidden to hidden
        self.Why = rng.normal(0, 0.01, (vocab_size, hidden_size))   # hidden to output
        self.bh = np.zeros((hidden_size, 1))
        self.by = np.zeros((vocab_size, 1))

    def loss(self, inputs, targets, hprev):
        """
        inputs, targets: lists of integers. hprev: (H, 1), the state before the first character.
        returns the loss, the gradients and the last hidden state
        """
        xs, hs, logp = {}, {}, {}
        hs[-1] = np.copy(hprev)
        loss = 0
        for t in range(len(inputs)):
            xs[t] = np.zeros((self.vocab_size, 1))  # 1-of-k
            xs[t][inputs[t]] = 1
            hs[t] = np.tanh(self.Wxh @ xs[t] + self.Whh @ hs[t - 1] + self.bh)
            y = self.Why @ hs[t] + self.by
            y = y - y.max()
            logp[t] = y - np.log(np.exp(y).sum())
            loss += -logp[t][targets[t], 0]

        dWxh, dWhh, dWhy = np.zeros_like(self.Wxh), np.zeros_like(self.Whh), np.zeros_like(self.Why)
        dbh, dby = np.zeros_like(self.bh), np.zeros_like(self.by)
        dhnext = np.zeros_like(hs[0])
        for t in reversed(range(len(inputs))):
            dy = np.exp(logp[t])
            dy[targets[t]] -= 1
            dWhy += dy @ hs[t].T
            dby += dy
            dh = self.Why.T @ dy + dhnext
            draw = (1 - hs[t] * hs[t]) * dh
            dbh += draw
            dWxh += draw @ xs[t].T
            dWhh += draw @ hs[t - 1].T   # hs[-1] is hprev, hs is a dict
            dhnext = self.Whh.T @ draw
        return loss, (dWxh, dWhh, dWhy, dbh, dby), hs[len(inputs) - 1]

    def sample(self, h, seed_ix, n):
        x = np.zeros((self.vocab_size, 1))
        x[seed_ix] = 1
        out = []
        for _ in range(n):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            y = self.Why @ h + self.by
            p = np.exp(y - y.max())
            p /= p.sum()
            ix = np.random.choice(self.vocab_size, p=p.ravel())
            x = np.zeros((self.vocab_size, 1))
            x[ix] = 1
            out.append(ix)
        return out


def main():
    text = open('input.txt').read()
    chars = sorted(set(text))
    to_ix = {c: i for i, c in enumerate(chars)}
    model = CharRNN(len(chars))
    h, p = np.zeros((100, 1)), 0
    for it in range(1000):
        if p + 26 >= len(text):
            p, h = 0, np.zeros((100, 1))
        ids = [to_ix[c] for c in text[p:p + 26]]
        loss, grads, h = model.loss(ids[:-1], ids[1:], h)
        for param, g in zip([model.Wxh, model.Whh, model.Why, model.bh, model.by], grads):
            param -= 1e-2 * g
        if it % 100 == 0:
            print(it, loss, ''.join(chars[i] for i in model.sample(h, ids[0], 80)))
        p += 25


if __name__ == '__main__':
    main()
