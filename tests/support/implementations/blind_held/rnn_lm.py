# Word level language model, vanilla RNN.
# Parameters: U (hidden, vocab), W (hidden, hidden), V (vocab, hidden). No bias terms.
import operator
import numpy as np


def softmax(x):
    ex = np.exp(x - np.max(x))
    return ex / ex.sum()


class RNNLanguageModel:

    def __init__(self, word_dim, hidden_dim=100, bptt_truncate=1000):
        self.word_dim = word_dim
        self.hidden_dim = hidden_dim
        self.bptt_truncate = bptt_truncate
        self.U = np.random.uniform(-np.sqrt(1. / word_dim), np.sqrt(1. / word_dim), (hidden_dim, word_dim))
        self.V = np.random.uniform(-np.sqrt(1. / hidden_dim), np.sqrt(1. / hidden_dim), (word_dim, hidden_dim))
        self.W = np.random.uniform(-np.sqrt(1. / hidden_dim), np.sqrt(1. / hidden_dim), (hidden_dim, hidden_dim))

    def forward_propagation(self, x):
        # x is a list of word indices
        T = len(x)
        # one additional row for the initial state, which sits at index -1
        s = np.zeros((T + 1, self.hidden_dim))
        s[-1] = np.zeros(self.hidden_dim)
        o = np.zeros((T, self.word_dim))
        for t in np.arange(T):
            # Indexing U by x[t] is the same as multiplying U with a one-hot vector.
            s[t] = np.tanh(self.U[:, x[t]] + self.W.dot(s[t - 1]))
            o[t] = softmax(self.V.dot(s[t]))
        return [o, s]

    def predict(self, x):
        o, s = self.forward_propagation(x)
        return np.argmax(o, axis=1)

    def calculate_total_loss(self, x, y):
        L = 0
        for i in np.arange(len(y)):
            o, s = self.forward_propagation(x[i])
            correct_word_predictions = o[np.arange(len(y[i])), y[i]]
            L += -1 * np.sum(np.log(correct_word_predictions))
        return L

    def calculate_loss(self, x, y):
        N = sum((len(y_i) for y_i in y))
        return self.calculate_total_loss(x, y) / N

    def bptt(self, x, y):
        T = len(y)
        o, s = self.forward_propagation(x)
        dLdU = np.zeros(self.U.shape)
        dLdV = np.zeros(self.V.shape)
        dLdW = np.zeros(self.W.shape)
        delta_o = o
        delta_o[np.arange(len(y)), y] -= 1.
        for t in np.arange(T)[::-1]:
            dLdV += np.outer(delta_o[t], s[t].T)
            delta_t = self.V.T.dot(delta_o[t]) * (1 - (s[t] ** 2))
            # walk back from t, for at most bptt_truncate steps
            for bptt_step in np.arange(max(0, t - self.bptt_truncate), t + 1)[::-1]:
                dLdW += np.outer(delta_t, s[bptt_step - 1])
                dLdU[:, x[bptt_step]] += delta_t
                delta_t = self.W.T.dot(delta_t) * (1 - s[bptt_step - 1] ** 2)
        return [dLdU, dLdV, dLdW]

    def gradient_check(self, x, y, h=0.001, error_threshold=0.01):
        bptt_gradients = self.bptt(x, y)
        for pidx, pname in enumerate(['U', 'V', 'W']):
            parameter = operator.attrgetter(pname)(self)
            it = np.nditer(parameter, flags=['multi_index'], op_flags=['readwrite'])
            while not it.finished:
                ix = it.multi_index
                original = parameter[ix]
                parameter[ix] = original + h
                gradplus = self.calculate_total_loss([x], [y])
                parameter[ix] = original - h
                gradminus = self.calculate_total_loss([x], [y])
                estimated = (gradplus - gradminus) / (2 * h)
                parameter[ix] = original
                got = bptt_gradients[pidx][ix]
                rel = np.abs(got - estimated) / (np.abs(got) + np.abs(estimated) + 1e-12)
                if rel > error_threshold and abs(got - estimated) > 1e-6:
                    print("Gradient check: parameter=%s ix=%s: %f vs %f" % (pname, ix, got, estimated))
                    return
                it.iternext()
            print("Gradient check for parameter %s passed." % pname)

    def sgd_step(self, x, y, learning_rate):
        dLdU, dLdV, dLdW = self.bptt(x, y)
        self.U -= learning_rate * dLdU
        self.V -= learning_rate * dLdV
        self.W -= learning_rate * dLdW


def train_with_sgd(model, X_train, y_train, learning_rate=0.005, nepoch=20, evaluate_loss_after=5):
    losses = []
    for epoch in range(nepoch):
        if epoch % evaluate_loss_after == 0:
            loss = model.calculate_loss(X_train, y_train)
            losses.append((epoch, loss))
            print("epoch %d: loss %f" % (epoch, loss))
            if len(losses) > 1 and losses[-1][1] > losses[-2][1]:
                learning_rate *= 0.5
                print("Setting learning rate to %f" % learning_rate)
        for i in range(len(y_train)):
            model.sgd_step(X_train[i], y_train[i], learning_rate)


if __name__ == '__main__':
    np.random.seed(10)
    sents = ["we like cats", "cats like milk", "we like milk", "dogs like cats too"]
    words = sorted({w for s in sents for w in s.split()}) + ['<s>', '</s>']
    idx = {w: i for i, w in enumerate(words)}
    toks = [[idx['<s>']] + [idx[w] for w in s.split()] + [idx['</s>']] for s in sents]
    X = [t[:-1] for t in toks]
    Y = [t[1:] for t in toks]
    m = RNNLanguageModel(len(words), 12)
    m.gradient_check(X[0], Y[0])
    train_with_sgd(m, X, Y, 0.1, 40, 5)
