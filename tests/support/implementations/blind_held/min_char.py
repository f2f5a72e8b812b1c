"""
Tiny character-level RNN, written after reading the usual blog posts.
Text is a constant here so that the script runs anywhere.
"""
import numpy as np

text = "the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. "
chars = sorted(set(text))
n_chars = len(chars)
c2i = {c: i for i, c in enumerate(chars)}
i2c = {i: c for i, c in enumerate(chars)}

# hyperparameters
H = 32
T = 16
lr = 1e-1

np.random.seed(3)
Wxh = np.random.randn(H, n_chars) * 0.01
Whh = np.random.randn(H, H) * 0.01
Why = np.random.randn(n_chars, H) * 0.01
bh = np.zeros((H, 1))
by = np.zeros((n_chars, 1))


def loss_and_grads(inputs, targets, hprev):
    """
    inputs, targets: lists of integers
    hprev: (H, 1) initial hidden state
    returns the loss, the gradients and the last hidden state
    """
    xs, hs, ps = {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((n_chars, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        y = Why @ hs[t] + by
        e = np.exp(y - y.max())
        ps[t] = e / e.sum()
        loss += -np.log(ps[t][targets[t], 0])

    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += dhraw @ xs[t].T
        dWhh += dhraw @ hs[t - 1].T
        dhnext = Whh @ dhraw
    for d in (dWxh, dWhh, dWhy, dbh, dby):
        np.clip(d, -5, 5, out=d)
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]


def sample(h, seed, n):
    x = np.zeros((n_chars, 1))
    x[seed] = 1
    out = []
    for _ in range(n):
        h = np.tanh(Wxh @ x + Whh @ h + bh)
        y = Why @ h + by
        p = np.exp(y - y.max()) / np.sum(np.exp(y - y.max()))
        k = np.random.choice(n_chars, p=p.ravel())
        x = np.zeros((n_chars, 1))
        x[k] = 1
        out.append(i2c[k])
    return "".join(out)


mem = [np.zeros_like(w) for w in (Wxh, Whh, Why, bh, by)]
smooth = -np.log(1.0 / n_chars) * T
p = 0
hprev = np.zeros((H, 1))
for n in range(301):
    if p + T + 1 >= len(text):
        hprev = np.zeros((H, 1))
        p = 0
    inp = [c2i[c] for c in text[p:p + T]]
    tgt = [c2i[c] for c in text[p + 1:p + T + 1]]
    loss, dWxh, dWhh, dWhy, dbh, dby, hprev = loss_and_grads(inp, tgt, hprev)
    smooth = 0.999 * smooth + 0.001 * loss
    for w, d, m in zip((Wxh, Whh, Why, bh, by), (dWxh, dWhh, dWhy, dbh, dby), mem):
        m += d * d
        w += -lr * d / np.sqrt(m + 1e-8)
    if n % 100 == 0:
        print("iter", n, "loss", smooth)
        print("----", sample(hprev, inp[0], 60))
    p += T
