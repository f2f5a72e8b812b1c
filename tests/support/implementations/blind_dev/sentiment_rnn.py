import numpy as np
from numpy.random import randn

# toy data: is the phrase positive?
train_data = {
    'good': 1, 'bad': 0, 'happy': 1, 'sad': 0, 'not good': 0, 'not bad': 1,
    'i am happy': 1, 'i am not happy': 0, 'this is very good': 1,
    'this is very bad': 0, 'i am sad right now': 0, 'this was not bad at all': 1,
}
words = sorted({w for s in train_data for w in s.split(' ')})
word_to_idx = {w: i for i, w in enumerate(words)}


def encode(text):
    """list of one-hot column vectors"""
    out = []
    for w in text.split(' '):
        v = np.zeros((len(words), 1))
        v[word_to_idx[w]] = 1
        out.append(v)
    return out


def softmax(v):
    e = np.exp(v - np.max(v))
    return e / np.sum(e)


class ManyToOne:
    def __init__(self, input_size, output_size, hidden_size=64):
        self.A = randn(hidden_size, hidden_size) / 1000   # h -> h
        self.B = randn(hidden_size, input_size) / 1000    # x -> h
        self.C = randn(output_size, hidden_size) / 1000   # h -> y
        self.bias_h = np.zeros((hidden_size, 1))
        self.bias_y = np.zeros((output_size, 1))

    def forward(self, inputs):
        h = np.zeros((self.A.shape[0], 1))
        self.inputs = inputs
        self.hs = [h]
        for x in inputs:
            h = np.tanh(self.B @ x + self.A @ h + self.bias_h)
            self.hs.append(h)
        y = self.C @ h + self.bias_y
        return y, h

    def backprop(self, d_y, lr=2e-2):
        """d_y is dL/dy, (output_size, 1). Updates the weights."""
        n = len(self.inputs)
        d_C = d_y @ self.hs[n].T
        d_by = d_y
        d_A = np.zeros(self.A.shape)
        d_B = np.zeros(self.B.shape)
        d_bh = np.zeros(self.bias_h.shape)
        d_h = self.C.T @ d_y
        for t in range(n - 1, -1, -1):
            tmp = (1 - self.hs[t + 1] ** 2) * d_h
            d_bh += tmp
            d_A += tmp @ self.hs[t + 1].T
            d_B += tmp @ self.inputs[t].T
            d_h = self.A.T @ tmp
        for d in (d_A, d_B, d_C, d_bh, d_by):
            np.clip(d, -1, 1, out=d)
        self.A -= lr * d_A
        self.B -= lr * d_B
        self.C -= lr * d_C
        self.bias_h -= lr * d_bh
        self.bias_y -= lr * d_by


def process(rnn, data, backprop=True):
    items = list(data.items())
    np.random.shuffle(items)
    loss, correct = 0, 0
    for text, label in items:
        out, _ = rnn.forward(encode(text))
        probs = softmax(out)
        loss -= float(np.log(probs[label, 0]))
        correct += int(np.argmax(probs) == label)
        if backprop:
            d = probs
            d[label] -= 1
            rnn.backprop(d)
    return loss / len(data), correct / len(data)


if __name__ == '__main__':
    net = ManyToOne(len(words), 2)
    for epoch in range(500):
        l, a = process(net, train_data)
        if epoch % 100 == 99:
            print('epoch %d loss %.3f acc %.2f' % (epoch + 1, l, a))
