"""No classes. Parameters go in, gradients of the same structure come out."""
import numpy as np


def init_params(key, in_dim, hidden_dim, out_dim, scale=0.1):
    rng = np.random.RandomState(key)
    return {
        "cell": {
            "w_in": scale * rng.randn(in_dim, hidden_dim),
            "w_rec": scale * rng.randn(hidden_dim, hidden_dim),
            "b": np.zeros(hidden_dim),
        },
        "readout": {"w": scale * rng.randn(hidden_dim, out_dim), "b": np.zeros(out_dim)},
    }


def scan(cell, carry, xs):
    """xs: (batch, time, in_dim); yields all carries, the initial one first"""
    carries = [carry]
    for t in range(xs.shape[1]):
        carry = np.tanh(xs[:, t] @ cell["w_in"] + carry @ cell["w_rec"] + cell["b"])
        carries.append(carry)
    return carries


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def apply(params, xs, h0):
    carries = scan(params["cell"], h0, xs)
    return carries[-1] @ params["readout"]["w"] + params["readout"]["b"]


def loss_fn(params, xs, h0, labels):
    """Total (not average!) negative log likelihood of the batch."""
    logp = log_softmax(apply(params, xs, h0))
    return -np.sum(logp[np.arange(len(labels)), labels])


def value_and_grad(params, xs, h0, labels):
    cell, readout = params["cell"], params["readout"]
    carries = scan(cell, h0, xs)
    logp = log_softmax(carries[-1] @ readout["w"] + readout["b"])
    rows = np.arange(len(labels))
    value = -np.sum(logp[rows, labels])

    g_logits = np.exp(logp)
    g_logits[rows, labels] -= 1.0
    g_readout = {"w": carries[-1].T @ g_logits, "b": g_logits.sum(0)}
    g_cell = {k: np.zeros_like(v) for k, v in cell.items()}
    g_h = g_logits @ readout["w"].T
    for t in range(xs.shape[1] - 1, -1, -1):
        g_pre = g_h * (1.0 - carries[t + 1] ** 2)
        g_cell["w_in"] += xs[:, t].T @ g_pre
        g_cell["w_rec"] += carries[t].T @ g_pre
        g_cell["b"] += g_pre.sum(0)
        g_h = g_pre @ cell["w_rec"].T
    return value, {"cell": g_cell, "readout": g_readout}


def tree_map(f, a, b):
    if isinstance(a, dict):
        return {k: tree_map(f, a[k], b[k]) for k in a}
    return f(a, b)


def update(params, grads, lr=0.01):
    return tree_map(lambda p, g: p - lr * g, params, grads)
