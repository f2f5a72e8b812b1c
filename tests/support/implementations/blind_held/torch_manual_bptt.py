"""Backprop through time by hand. We use torch only as an array library
(no autograd, no nn modules), so everything runs under no_grad."""
import torch

torch.set_grad_enabled(False)

g = torch.Generator().manual_seed(1234)
dtype = torch.float64


def make_params(n_in, n_hidden, n_out):
    def u(*shape, fan):
        return (torch.rand(*shape, generator=g, dtype=dtype) * 2 - 1) / fan ** 0.5
    return [u(n_in, n_hidden, fan=n_hidden), u(n_hidden, n_hidden, fan=n_hidden), torch.zeros(n_hidden, dtype=dtype),
            u(n_hidden, n_out, fan=n_hidden), torch.zeros(n_out, dtype=dtype)]


def rnn(inputs, state, params):
    # inputs: (num_steps, batch_size, n_in)
    W_xh, W_hh, b_h, W_hq, b_q = params
    H, = state
    outputs, states = [], [H]
    for X in inputs:
        H = torch.tanh(torch.mm(X, W_xh) + torch.mm(H, W_hh) + b_h)
        outputs.append(torch.mm(H, W_hq) + b_q)
        states.append(H)
    # logits: (num_steps * batch_size, n_out), like the labels when flattened
    return torch.cat(outputs, dim=0), states


def cross_entropy(logits, y):
    m = logits.max(dim=1, keepdim=True).values
    lse = (logits - m).exp().sum(1).log() + m[:, 0]
    return (lse - logits[torch.arange(len(y)), y]).mean()


def grads(inputs, states, logits, y, params):
    W_xh, W_hh, b_h, W_hq, b_q = params
    T, B, _ = inputs.shape
    dlogits = torch.softmax(logits, dim=1)
    dlogits[torch.arange(len(y)), y] -= 1
    dlogits = (dlogits / len(y)).reshape(T, B, -1)

    gW_xh, gW_hh, gb_h, gW_hq, gb_q = [torch.zeros_like(p) for p in params]
    dH = torch.zeros_like(states[0])
    for t in range(T - 1, -1, -1):
        gW_hq += states[t + 1].T @ dlogits[t]
        gb_q += dlogits[t].sum(0)
        dH = dH + dlogits[t] @ W_hq.T
        dZ = dH * (1 - states[t + 1].pow(2))
        gW_xh += inputs[t].T @ dZ
        gW_hh += states[t].T @ dZ
        gb_h += dZ.sum(dim=0)
        dH = dZ @ W_hh.T
    return [gW_xh, gW_hh, gb_h, gW_hq, gb_q]


def grad_clipping(gs, theta):
    norm = torch.sqrt(sum((x ** 2).sum() for x in gs))
    if norm > theta:
        for x in gs:
            x *= theta / norm


def sgd(params, gs, lr):
    for p, x in zip(params, gs):
        p -= lr * x


if __name__ == "__main__":
    text = "hello world, hello rnn, hello torch. " * 6
    vocab = sorted(set(text))
    ids = torch.tensor([vocab.index(c) for c in text])
    V, hidden, steps, batch = len(vocab), 24, 10, 8
    params = make_params(V, hidden, V)
    for epoch in range(40):
        total, n = 0.0, 0
        off = epoch % 5
        usable = (len(ids) - off - 1) // batch * batch
        Xs = ids[off:off + usable].reshape(batch, -1)
        Ys = ids[off + 1:off + 1 + usable].reshape(batch, -1)
        state = (torch.zeros(batch, hidden, dtype=dtype),)
        for i in range(0, Xs.shape[1] // steps * steps, steps):
            X = torch.nn.functional.one_hot(Xs[:, i:i + steps].T, V).to(dtype)
            y = Ys[:, i:i + steps].T.reshape(-1)
            logits, states = rnn(X, state, params)
            total, n = total + float(cross_entropy(logits, y)), n + 1
            gs = grads(X, states, logits, y, params)
            grad_clipping(gs, 1.0)
            sgd(params, gs, 1.0)
            state = (states[-1],)
        if epoch % 10 == 0:
            print(f"epoch {epoch}, perplexity {torch.exp(torch.tensor(total / n)):.2f}")
