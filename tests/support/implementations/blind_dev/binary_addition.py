"""Learn to add two binary numbers, one bit per step (little endian)."""
import numpy as np

np.random.seed(0)

BITS = 8
input_dim, hidden_dim, output_dim = 2, 16, 1

synapse_0 = 2 * np.random.random((input_dim, hidden_dim)) - 1
synapse_h = 2 * np.random.random((hidden_dim, hidden_dim)) - 1
synapse_1 = 2 * np.random.random((hidden_dim, output_dim)) - 1


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def forward(X):
    """X: (BITS, 2), returns hidden states (BITS + 1, hidden) and bits predicted"""
    layer_1 = np.zeros((len(X) + 1, hidden_dim))
    layer_2 = np.zeros((len(X), output_dim))
    for t in range(len(X)):
        layer_1[t + 1] = np.tanh(np.dot(X[t], synapse_0) + np.dot(layer_1[t], synapse_h))
        layer_2[t] = sigmoid(np.dot(layer_1[t + 1], synapse_1))
    return layer_1, layer_2


def bce(y, p):
    """sum over the positions"""
    return float(-np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)))


def gradients(X, y, layer_1, layer_2):
    g0 = np.zeros_like(synapse_0)
    gh = np.zeros_like(synapse_h)
    g1 = np.zeros_like(synapse_1)
    future_delta = np.zeros(hidden_dim)
    for t in range(len(X) - 1, -1, -1):
        # sigmoid + cross entropy
        out_delta = layer_2[t] - y[t]
        g1 += np.outer(layer_1[t + 1], out_delta)
        hid_error = synapse_1.dot(out_delta) + synapse_h.dot(future_delta)
        hid_delta = hid_error * (1 - layer_1[t] ** 2)
        g0 += np.outer(X[t], hid_delta)
        gh += np.outer(layer_1[t], hid_delta)
        future_delta = hid_delta
    return g0, gh, g1


def update(g0, gh, g1, alpha=0.03):
    global synapse_0, synapse_h, synapse_1
    synapse_0 = synapse_0 - alpha * g0
    synapse_h = synapse_h - alpha * gh
    synapse_1 = synapse_1 - alpha * g1


def bits(n):
    return np.array([(n >> i) & 1 for i in range(BITS)], dtype=float)


def main():
    for j in range(4000):
        a, b = np.random.randint(2 ** (BITS - 1), size=2)
        X = np.stack([bits(a), bits(b)], axis=1)
        y = bits(a + b)[:, None]
        h, p = forward(X)
        update(*gradients(X, y, h, p))
        if j % 1000 == 0:
            guess = int(sum(int(v > 0.5) << i for i, v in enumerate(p[:, 0])))
            print("loss %.3f   %d + %d = %d" % (bce(y, p), a, b, guess))


if __name__ == "__main__":
    main()
