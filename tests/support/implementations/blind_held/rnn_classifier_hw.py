import numpy as np


class RNNCell(object):
    """RNN Cell class.

    W_ih (h, d), W_hh (h, h), b_ih (h,), b_hh (h,).  Gradients of the weights are
    averaged over the batch (deltas arrive as one row per sample, not averaged).
    """

    def __init__(self, input_size, hidden_size):
        self.input_size = input_size
        self.hidden_size = hidden_size
        h = self.hidden_size
        d = self.input_size
        self.W_ih = np.random.randn(h, d) * 0.3
        self.W_hh = np.random.randn(h, h) * 0.3
        self.b_ih = np.random.randn(h) * 0.3
        self.b_hh = np.random.randn(h) * 0.3
        self.zero_grad()

    def init_weights(self, W_ih, W_hh, b_ih, b_hh):
        self.W_ih = W_ih
        self.W_hh = W_hh
        self.b_ih = b_ih
        self.b_hh = b_hh

    def zero_grad(self):
        self.dW_ih = np.zeros((self.hidden_size, self.input_size))
        self.dW_hh = np.zeros((self.hidden_size, self.hidden_size))
        self.db_ih = np.zeros(self.hidden_size)
        self.db_hh = np.zeros(self.hidden_size)

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), x: (batch, d), h: (batch, h)"""
        return np.tanh(np.dot(x, self.W_ih.T) + self.b_ih + np.dot(h, self.W_hh.T) + self.b_hh)

    def backward(self, delta, h, h_prev_l, h_prev_t):
        """
        delta: (batch, h) gradient w.r.t. the current hidden state
        h: current hidden state
        h_prev_l: hidden state at this time step, previous layer (the input)
        h_prev_t: hidden state at previous time step, this layer
        Returns dx, dh (not averaged).
        """
        batch_size = delta.shape[0]
        dz = delta * (1 - h ** 2)
        self.dW_ih += np.dot(dz.T, h_prev_l) / batch_size
        self.dW_hh += np.dot(dz.T, h_prev_t) / batch_size
        self.db_ih += np.mean(dz, axis=0)
        self.db_hh += np.mean(dz, axis=0)
        dx = np.dot(dz, self.W_ih)
        dh = np.dot(dz, self.W_hh)
        return dx, dh


class Linear(object):
    def __init__(self, in_features, out_features):
        self.W = np.random.randn(out_features, in_features) * 0.3
        self.b = np.zeros(out_features)

    def forward(self, A):
        self.A = A
        return A @ self.W.T + self.b

    def backward(self, dLdZ):
        n = dLdZ.shape[0]
        self.dW = dLdZ.T @ self.A / n
        self.db = dLdZ.sum(axis=0) / n
        return dLdZ @ self.W


class SoftmaxCrossEntropy(object):
    def forward(self, logits, labels):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        self.y = labels
        return -np.log(self.p[np.arange(len(labels)), labels]).mean()

    def backward(self):
        # per sample; the division by the batch size happens in the layers
        d = self.p.copy()
        d[np.arange(len(self.y)), self.y] -= 1
        return d


class RNNPhonemeClassifier(object):
    """x: (batch, seq_len, input_size) -> logits (batch, output_size), from the last state of the top layer."""

    def __init__(self, input_size, hidden_size, output_size, num_layers=2):
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.rnn = [RNNCell(input_size if i == 0 else hidden_size, hidden_size) for i in range(num_layers)]
        self.output_layer = Linear(hidden_size, output_size)

    def __call__(self, x, h_0=None):
        return self.forward(x, h_0)

    def forward(self, x, h_0=None):
        batch_size, seq_len = x.shape[0], x.shape[1]
        if h_0 is None:
            hidden = np.zeros((self.num_layers, batch_size, self.hidden_size))
        else:
            hidden = h_0.copy()
        self.x = x
        self.hiddens = [hidden.copy()]
        for t in range(seq_len):
            inp = x[:, t, :]
            for l, cell in enumerate(self.rnn):
                hidden[l] = cell(inp, hidden[l])
                inp = hidden[l]
            self.hiddens.append(hidden.copy())
        return self.output_layer.forward(hidden[-1])

    def backward(self, delta):
        """delta: gradient of the logits. Returns dh_0 divided by the batch size."""
        batch_size, seq_len = self.x.shape[0], self.x.shape[1]
        for cell in self.rnn:
            cell.zero_grad()
        dh = np.zeros((self.num_layers, batch_size, self.hidden_size))
        dh[-1] = self.output_layer.backward(delta)
        for t in range(seq_len - 1, -1, -1):
            for l in range(self.num_layers - 1, -1, -1):
                below = self.x[:, t, :] if l == 0 else self.hiddens[t + 1][l - 1]
                dx, dh[l] = self.rnn[l].backward(dh[l], self.hiddens[t + 1][l], below, self.hiddens[t][l])
                if l > 0:
                    dh[l - 1] += dx
        return dh / batch_size

    def step(self, lr):
        for cell in self.rnn:
            cell.W_ih -= lr * cell.dW_ih
            cell.W_hh -= lr * cell.dW_hh
            cell.b_ih -= lr * cell.db_ih
            cell.b_hh -= lr * cell.db_hh
        self.output_layer.W -= lr * self.output_layer.dW
        self.output_layer.b -= lr * self.output_layer.db


if __name__ == "__main__":
    np.random.seed(11785)
    x = np.random.randn(60, 8, 4)
    y = x.sum(axis=1).argmax(axis=1)
    model = RNNPhonemeClassifier(4, 16, 4)
    crit = SoftmaxCrossEntropy()
    for epoch in range(201):
        loss = crit.forward(model(x), y)
        model.backward(crit.backward())
        model.step(0.2)
        if epoch % 50 == 0:
            print(epoch, round(loss, 4))
