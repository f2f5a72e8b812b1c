import numpy as np
from numpy.random import randn


class VanillaRNN:
    # A many-to-one vanilla RNN on a list of column vectors.

    def __init__(self, input_size, output_size, hidden_size=64):
        # Weights
        self.Whh = randn(hidden_size, hidden_size) / 1000
        self.Wxh = randn(hidden_size, input_size) / 1000
        self.Why = randn(output_size, hidden_size) / 1000

        # Biases
        self.bh = np.zeros((hidden_size, 1))
        self.by = np.zeros((output_size, 1))

    def forward(self, inputs):
        '''
        Perform a forward pass using the given inputs.
        Returns the final output and hidden state.
        - inputs is a list of column vectors with shape (input_size, 1).
        '''
        h = np.zeros((self.Whh.shape[0], 1))

        self.last_inputs = inputs
        self.last_hs = { 0: h }

        for i, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.last_hs[i + 1] = h

        y = self.Why @ h + self.by
        return y, h

    def backprop(self, d_y, learn_rate=2e-2):
        '''
        - d_y (dL/dy) has shape (output_size, 1).
        '''
        n = len(self.last_inputs)

        d_Why = d_y @ self.last_hs[n].T
        d_by = d_y

        d_Whh = np.zeros(self.Whh.shape)
        d_Wxh = np.zeros(self.Wxh.shape)
        d_bh = np.zeros(self.bh.shape)

        d_h = self.Why.T @ d_y

        for t in reversed(range(n)):
            temp = (1 - self.last_hs[t + 1] ** 2) * d_h   # through tanh
            d_bh += temp
            d_Whh += temp @ self.last_hs[t].T
            d_Wxh += temp @ self.last_inputs[t].T
            d_h = self.Whh.T @ temp

        self.Whh -= learn_rate * d_Whh
        self.Wxh -= learn_rate * d_Wxh
        self.Why -= learn_rate * d_Why
        self.bh -= learn_rate * d_bh
        self.by -= learn_rate * d_by


def softmax(xs):
    e = np.exp(xs - np.max(xs))
    return e / e.sum()


if __name__ == '__main__':
    words = ['good', 'bad', 'not', 'very']
    train = {'good': 1, 'bad': 0, 'very good': 1, 'not good': 0, 'not bad': 1, 'very bad': 0}
    rnn = VanillaRNN(len(words), 2)
    for epoch in range(500):
        for text, target in train.items():
            inputs = []
            for w in text.split(' '):
                v = np.zeros((len(words), 1))
                v[words.index(w)] = 1
                inputs.append(v)
            out, _ = rnn.forward(inputs)
            d = softmax(out)
            d[target] -= 1
            rnn.backprop(d)
    print('done')
