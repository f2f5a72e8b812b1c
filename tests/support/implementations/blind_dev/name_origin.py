"""Which language does a surname come from? RNN classifier, momentum SGD."""
import string
import numpy as np

LETTERS = string.ascii_lowercase
DATA = {
    "italian": ["rossi", "bianchi", "ferrari", "esposito", "romano", "colombo"],
    "polish": ["nowak", "kowalski", "wisniewski", "wojcik", "kaminski"],
    "english": ["smith", "jones", "taylor", "brown", "wilson", "evans"],
}
CLASSES = sorted(DATA)

np.random.seed(13)
n_hidden = 24

params = {
    "w_xh": np.random.normal(0, 0.2, (n_hidden, len(LETTERS))),
    "w_hh": np.random.normal(0, 0.2, (n_hidden, n_hidden)),
    "w_hy": np.random.normal(0, 0.2, (len(CLASSES), n_hidden)),
    "b_h": np.zeros((n_hidden, 1)),
    "b_y": np.zeros((len(CLASSES), 1)),
}
velocity = {k: np.zeros_like(v) for k, v in params.items()}


def to_matrix(name):
    """one column per letter"""
    m = np.zeros((len(LETTERS), len(name)))
    for j, ch in enumerate(name):
        m[LETTERS.index(ch), j] = 1
    return m


def forward(m):
    steps = m.shape[1]
    h = np.zeros((n_hidden, steps + 1))     # column 0 is the initial state
    for t in range(steps):
        a = params["w_xh"] @ m[:, t:t + 1] + params["w_hh"] @ h[:, t:t + 1] + params["b_h"]
        h[:, t + 1:t + 2] = np.tanh(a)
    logits = params["w_hy"] @ h[:, -1:] + params["b_y"]
    return h, logits


def nll(logits, k):
    z = logits[:, 0] - logits.max()
    return np.log(np.exp(z).sum()) - z[k]


def backward(m, h, logits, k):
    z = np.exp(logits - logits.max())
    dl = z / z.sum()
    dl[k, 0] -= 1.0
    grads = {key: np.zeros_like(v) for key, v in params.items()}
    grads["w_hy"] = dl @ h[:, -1:].T
    grads["b_y"] = dl
    dh = params["w_hy"].T @ dl
    for t in range(m.shape[1] - 1, -1, -1):
        da = dh * (1 - h[:, t + 1:t + 2] ** 2)
        grads["w_xh"] += da @ m[:, t:t + 1].T
        grads["w_hh"] += da @ h[:, t:t + 1].T
        grads["b_h"] += da
        dh = params["w_hh"].T @ da
    return grads


def momentum_step(grads, lr=0.02, mu=0.9):
    for key in params:
        velocity[key] = mu * velocity[key] + lr * grads[key]
        params[key] -= lr * velocity[key]


def train_one(name, k, lr=0.02):
    m = to_matrix(name)
    h, logits = forward(m)
    grads = backward(m, h, logits, k)
    momentum_step(grads, lr)
    return nll(logits, k)


if __name__ == "__main__":
    pairs = [(n, CLASSES.index(c)) for c in CLASSES for n in DATA[c]]
    for epoch in range(60):
        np.random.shuffle(pairs)
        loss = np.mean([train_one(n, int(k)) for n, k in pairs])
        if epoch % 20 == 19:
            print(epoch + 1, loss)
    for name in ("moretti", "nowicki", "johnson"):
        print(name, CLASSES[int(forward(to_matrix(name))[1].argmax())])
