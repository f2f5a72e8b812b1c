# Character level language model, numpy only.
# usage: python tiny_char_model.py
import numpy as np

text = "the quick brown fox jumps over the lazy dog. " * 4
vocab = sorted(set(text))
stoi = {c: i for i, c in enumerate(vocab)}
itos = {i: c for i, c in enumerate(vocab)}
V = len(vocab)

n_hidden = 32
seq_len = 20
eta = 0.05

np.random.seed(42)
U = np.random.randn(n_hidden, V) * 0.01   # input -> hidden
W = np.random.randn(n_hidden, n_hidden) * 0.01   # hidden -> hidden
Vo = np.random.randn(V, n_hidden) * 0.01   # hidden -> output
b = np.zeros((n_hidden, 1))
c = np.zeros((V, 1))


def forward_backward(inputs, targets, s_prev):
    """
    inputs, targets: lists of ints
    s_prev: (n_hidden, 1) state before the first character
    returns loss, gradients and last state
    """
    xs, ss, ps = {}, {}, {}
    ss[-1] = np.copy(s_prev)
    loss = 0.0
    for t in range(len(inputs)):
        xs[t] = np.zeros((V, 1))
        xs[t][inputs[t]] = 1
        ss[t] = np.tanh(U @ xs[t] + W @ ss[t - 1] + b)
        o = Vo @ ss[t] + c
        e = np.exp(o - o.max())
        ps[t] = e / e.sum()
        loss -= np.log(ps[t][targets[t], 0])

    dU, dW, dVo = np.zeros_like(U), np.zeros_like(W), np.zeros_like(Vo)
    db, dc = np.zeros_like(b), np.zeros_like(c)
    ds_next = np.zeros_like(ss[0])
    for t in reversed(range(len(inputs))):
        do = ps[t].copy()
        do[targets[t]] -= 1
        dVo += do @ ss[t].T
        dc += do
        ds = Vo.T @ do + ds_next
        da = (1 - ss[t] ** 2) * ds
        db += da
        dU += da @ xs[t].T
        dW += da @ ss[t - 1].T
        ds_next = W.T @ ds
    return loss, dU, dW, dVo, db, dc, ss[len(inputs) - 1]


def sample(s, start, n):
    x = np.zeros((V, 1))
    x[start] = 1
    out = []
    for _ in range(n):
        s = np.tanh(U @ x + W @ s + b)
        o = Vo @ s + c
        p = np.exp(o - o.max())
        p /= p.sum()
        ix = np.random.choice(V, p=p.ravel())
        x = np.zeros((V, 1))
        x[ix] = 1
        out.append(itos[ix])
    return "".join(out)


def main(steps=1001):
    pos = 0
    s = np.zeros((n_hidden, 1))
    smooth = -np.log(1.0 / V) * seq_len
    for it in range(steps):
        if pos + seq_len + 1 >= len(text):
            s = np.zeros((n_hidden, 1))
            pos = 0
        inp = [stoi[ch] for ch in text[pos:pos + seq_len]]
        tgt = [stoi[ch] for ch in text[pos + 1:pos + seq_len + 1]]
        loss, dU, dW, dVo, db, dc, s = forward_backward(inp, tgt, s)
        smooth = 0.999 * smooth + 0.001 * loss
        for param, grad in zip([U, W, Vo, b, c], [dU, dW, dVo, db, dc]):
            np.clip(grad, -5, 5, out=grad)
            param -= eta * grad
        pos += seq_len
        if it % 200 == 0:
            print("iter", it, "loss", smooth)
            print("   ", sample(s, inp[0], 60))


if __name__ == "__main__":
    main()
