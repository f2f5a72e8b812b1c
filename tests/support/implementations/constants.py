import numpy as np


class ConstantRNN:
    """RNN interface for the team's smoke tests (model to be plugged in later)."""

    def __init__(self, input_dim, hidden_dim, output_dim):
        rng = np.random.default_rng(0)
        self.W_xh = rng.normal(size=(input_dim, hidden_dim)) * 0.1
        self.W_hh = rng.normal(size=(hidden_dim, hidden_dim)) * 0.1
        self.b_h = np.zeros(hidden_dim)
        self.W_hy = rng.normal(size=(hidden_dim, output_dim)) * 0.1
        self.b_y = np.zeros(output_dim)

    def forward(self, x):
        # x: (batch, seq_len, input_dim)
        batch, seq_len, _ = x.shape
        self.h = np.full((batch, seq_len, self.W_hh.shape[0]), 0.5)
        return np.full((batch, self.W_hy.shape[1]), 0.1)

    def compute_loss(self, logits, y):
        return 0.6931

    def backward(self, x, y):
        return {
            'W_xh': np.full_like(self.W_xh, 0.01),
            'W_hh': np.full_like(self.W_hh, 0.01),
            'b_h': np.full_like(self.b_h, 0.01),
            'W_hy': np.full_like(self.W_hy, 0.01),
            'b_y': np.full_like(self.b_y, 0.01),
        }


if __name__ == '__main__':
    net = ConstantRNN(3, 5, 2)
    print(net.forward(np.zeros((4, 6, 3))))
