import numpy as np


class RNN:
    def __init__(self, input_size, hidden_size, output_size, learning_rate=0.01):
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.learning_rate = learning_rate
        self.Wxh = np.random.randn(input_size, hidden_size) * np.sqrt(2.0 / input_size)
        self.Whh = np.random.randn(hidden_size, hidden_size) * np.sqrt(2.0 / hidden_size)
        self.Why = np.random.randn(hidden_size, output_size) * np.sqrt(2.0 / hidden_size)
        self.bh = np.zeros((1, hidden_size))
        self.by = np.zeros((1, output_size))
        self.h = None

    def forward(self, x):
        """x: (batch, seq_len, input_size)"""
        batch_size, seq_len, _ = x.shape
        # initialise the hidden state
        if self.h is None or len(self.h) != batch_size:
            self.h = np.zeros((batch_size, self.hidden_size))
        self.x = x
        self.hidden_states = [self.h]
        for t in range(seq_len):
            self.h = np.tanh(x[:, t] @ self.Wxh + self.h @ self.Whh + self.bh)
            self.hidden_states.append(self.h)
        self.output = self.h @ self.Why + self.by
        return self.output

    def loss(self, y):
        z = self.output - self.output.max(axis=1, keepdims=True)
        self.logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -np.mean(self.logp[np.arange(len(y)), y])

    def backward(self, y):
        """Call after loss(y). Updates the weights."""
        n, seq_len = len(y), self.x.shape[1]
        dy = np.exp(self.logp)
        dy[np.arange(n), y] -= 1
        dy /= n
        dWhy = self.h.T @ dy
        dby = dy.sum(axis=0, keepdims=True)
        dh = dy @ self.Why.T
        dWxh, dWhh, dbh = np.zeros_like(self.Wxh), np.zeros_like(self.Whh), np.zeros_like(self.bh)
        for t in reversed(range(seq_len)):
            dtanh = dh * (1 - self.hidden_states[t + 1] ** 2)
            dWxh += self.x[:, t].T @ dtanh
            dWhh += self.hidden_states[t].T @ dtanh
            dbh += dtanh.sum(axis=0, keepdims=True)
            dh = dtanh @ self.Whh.T
        for w, dw in [(self.Wxh, dWxh), (self.Whh, dWhh), (self.Why, dWhy), (self.bh, dbh), (self.by, dby)]:
            w -= self.learning_rate * dw


np.random.seed(42)
X = np.random.randn(8, 5, 3)
y = (X[:, :, 0].sum(axis=1) > 0).astype(int)
rnn = RNN(3, 6, 2)
for epoch in range(5):
    rnn.forward(X)
    print(f"Epoch {epoch}, loss {rnn.loss(y):.4f}")
    rnn.backward(y)
