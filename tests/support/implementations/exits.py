import sys

import numpy as np


class RNN:
    """(batch, time, features) in, hidden states out. Training is done in the other script."""

    def __init__(self, n_inputs, n_neurons):
        self.Wxh = np.random.randn(n_inputs, n_neurons) * 0.01
        self.Whh = np.random.randn(n_neurons, n_neurons) * 0.01
        self.bh = np.zeros(n_neurons)

    def forward(self, inputs):
        b, t, _ = inputs.shape
        self.inputs = inputs
        self.states = np.zeros((b, t + 1, len(self.bh)))   # the last one stays zero: state [-1]
        for i in range(t):
            self.states[:, i] = np.tanh(np.dot(inputs[:, i], self.Wxh)
                                        + np.dot(self.states[:, i - 1], self.Whh) + self.bh)
        return self.states[:, :-1]

    def backward(self, dstates):
        print('backward is not implemented yet, use train_v2.py')
        sys.exit(1)


if __name__ == '__main__':
    rnn = RNN(3, 4)
    print(rnn.forward(np.ones((2, 5, 3))).shape)
