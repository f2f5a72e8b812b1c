import copy
import numpy as np

np.random.seed(0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def tanh_output_to_derivative(output):
    return 1 - output ** 2


class BinaryAdder:
    """Learns to add two binary numbers, least significant bit first.
    One number pair at a time; rows are vectors, as in (1, 2) . (2, hidden)."""

    def __init__(self, hidden_dim=16, alpha=0.1, binary_dim=8, input_dim=2, output_dim=1):
        self.alpha = alpha
        self.binary_dim = binary_dim
        self.hidden_dim = hidden_dim
        # initialize neural network weights
        self.synapse_0 = 2 * np.random.random((input_dim, hidden_dim)) - 1
        self.synapse_1 = 2 * np.random.random((hidden_dim, output_dim)) - 1
        self.synapse_h = 2 * np.random.random((hidden_dim, hidden_dim)) - 1

    def forward(self, X):
        """X: (T, 2) -> list of layer_2 outputs, list of layer_1 values (first one is zero)"""
        layer_1_values = [np.zeros((1, self.hidden_dim))]
        layer_2_values = []
        for x in X:
            x = np.atleast_2d(x)
            layer_1 = np.tanh(np.dot(x, self.synapse_0) + np.dot(layer_1_values[-1], self.synapse_h))
            layer_2_values.append(sigmoid(np.dot(layer_1, self.synapse_1)))
            layer_1_values.append(copy.deepcopy(layer_1))
        return layer_2_values, layer_1_values

    def error(self, outputs, y):
        # binary cross entropy, summed over the bits
        p = np.concatenate(outputs)
        return float(-np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)))

    def gradients(self, X, y, layer_2_values, layer_1_values):
        synapse_0_update = np.zeros_like(self.synapse_0)
        synapse_1_update = np.zeros_like(self.synapse_1)
        synapse_h_update = np.zeros_like(self.synapse_h)
        # with the cross entropy the sigmoid's derivative cancels
        layer_2_deltas = [out - np.atleast_2d(t) for out, t in zip(layer_2_values, y)]
        future_layer_1_delta = np.zeros((1, self.hidden_dim))
        for position in range(len(X)):
            x = np.atleast_2d(X[-position - 1])
            layer_1 = layer_1_values[-position - 1]
            prev_layer_1 = layer_1_values[-position - 2]
            layer_2_delta = layer_2_deltas[-position - 1]
            layer_1_delta = (future_layer_1_delta.dot(self.synapse_h.T) +
                             layer_2_delta.dot(self.synapse_1.T)) * tanh_output_to_derivative(layer_1)
            synapse_1_update += layer_1.T.dot(layer_2_delta)
            synapse_h_update += prev_layer_1.T.dot(layer_1_delta)
            synapse_0_update += x.T.dot(layer_1_delta)
            future_layer_1_delta = layer_1_delta
        return synapse_0_update, synapse_1_update, synapse_h_update

    def train_pair(self, X, y):
        l2, l1 = self.forward(X)
        g0, g1, gh = self.gradients(X, y, l2, l1)
        self.synapse_0 -= g0 * self.alpha
        self.synapse_1 -= g1 * self.alpha
        self.synapse_h -= gh * self.alpha
        return self.error(l2, y), l2

    def bits(self, n):
        return np.array([(n >> k) & 1 for k in range(self.binary_dim)])


if __name__ == "__main__":
    net = BinaryAdder()
    largest = 2 ** net.binary_dim
    for j in range(3001):
        a_int = np.random.randint(largest // 2)
        b_int = np.random.randint(largest // 2)
        X = np.stack([net.bits(a_int), net.bits(b_int)], axis=1)
        c = net.bits(a_int + b_int)[:, None]
        err, out = net.train_pair(X, c)
        if j % 1000 == 0:
            d = np.round(np.concatenate(out)).astype(int).ravel()
            print("Error:", err)
            print("Pred:", d[::-1], "True:", c.ravel()[::-1])
            print("%d + %d = %d" % (a_int, b_int, sum(int(b) << k for k, b in enumerate(d))))
