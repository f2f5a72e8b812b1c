import numpy as np
from numpy.random import randn


class RNN:
    # A many-to-one Vanilla Recurrent Neural Network.

    def __init__(self, input_size, output_size, hidden_size=64):
        # Weights
        self.Whh = randn(hidden_size, hidden_size) / 10
        self.Wxh = randn(hidden_size, input_size) / 10
        self.Why = randn(output_size, hidden_size) / 10

        # Biases
        self.bh = np.zeros((hidden_size, 1))
        self.by = np.zeros((output_size, 1))

    def forward(self, inputs):
        '''
        Perform a forward pass of the RNN using the given inputs.
        Returns the final output and hidden state.
        - inputs is an array of one-hot vectors with shape (input_size, 1).
        '''
        h = np.zeros((self.Whh.shape[0], 1))

        self.last_inputs = inputs
        self.last_hs = {0: h}

        for i, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.last_hs[i + 1] = h

        y = self.Why @ h + self.by
        return y, h

    def backprop(self, d_y, learn_rate=2e-2):
        '''
        Perform a backward pass of the RNN and updates the weights.
        - d_y (dL/dy) has shape (output_size, 1).
        '''
        n = len(self.last_inputs)

        d_Why = d_y @ self.last_hs[n].T
        d_by = d_y

        d_Whh = np.zeros(self.Whh.shape)
        d_Wxh = np.zeros(self.Wxh.shape)
        d_bh = np.zeros(self.bh.shape)

        # dL/dh for the last h
        d_h = self.Why.T @ d_y

        for t in reversed(range(n)):
            # dL/dh * (1 - h^2)
            temp = ((1 - self.last_hs[t + 1] ** 2) * d_h)

            # dL/db = dL/dh * (1 - h^2)
            d_bh += temp
            # dL/dWhh = dL/dh * (1 - h^2) * h_{t-1}
            d_Whh += temp @ self.last_hs[t].T
            # dL/dWxh = dL/dh * (1 - h^2) * x
            d_Wxh += temp @ self.last_inputs[t].T
            # Next dL/dh
            d_h = self.Whh.T @ temp

        # Clip to prevent exploding gradients.
        for d in [d_Wxh, d_Whh, d_Why, d_bh, d_by]:
            np.clip(d, -10, 10, out=d)

        self.Whh -= learn_rate * d_Whh
        self.Wxh -= learn_rate * d_Wxh
        self.Why -= learn_rate * d_Why
        self.bh -= learn_rate * d_bh
        self.by -= learn_rate * d_by


def softmax(xs):
    e = np.exp(xs - np.max(xs))
    return e / sum(e)


def create_inputs(text, vocab):
    inputs = []
    for w in text.split(' '):
        v = np.zeros((len(vocab), 1))
        v[vocab.index(w)] = 1
        inputs.append(v)
    return inputs


def process_data(rnn, data, vocab, train=True):
    loss, correct = 0, 0
    for text, label in data:
        out, _ = rnn.forward(create_inputs(text, vocab))
        probs = softmax(out)
        loss -= float(np.log(probs[label, 0]))
        correct += int(np.argmax(probs) == label)
        if train:
            d_L_d_y = probs.copy()
            d_L_d_y[label] -= 1
            rnn.backprop(d_L_d_y)
    return loss / len(data), correct / len(data)


if __name__ == '__main__':
    np.random.seed(5)
    data = [('good', 1), ('bad', 0), ('happy', 1), ('sad', 0), ('not good', 0), ('not bad', 1),
            ('very good', 1), ('very bad', 0), ('i am happy', 1), ('i am not happy', 0),
            ('this is very good', 1), ('this is not good', 0), ('i am sad', 0), ('i am not sad', 1)]
    vocab = sorted(set(w for text, _ in data for w in text.split(' ')))
    rnn = RNN(len(vocab), 2)
    for epoch in range(400):
        l, a = process_data(rnn, data, vocab)
        if epoch % 100 == 99:
            print('--- Epoch %d' % (epoch + 1))
            print('Train:\tLoss %.3f | Accuracy: %.3f' % (l, a))
