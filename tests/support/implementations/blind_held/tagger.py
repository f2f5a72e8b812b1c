# Part-of-speech style tagging with a simple recurrent net.
# Sequences are time major: (T, N, D); tags are one-hot (T, N, K).
import numpy as np


def glorot(n_in, n_out):
    lim = np.sqrt(6.0 / (n_in + n_out))
    return np.random.uniform(-lim, lim, (n_in, n_out))


class SequenceTagger:
    def __init__(self, D, H, K):
        self.params = {
            'Wx': glorot(D, H), 'Wh': glorot(H, H), 'bx': np.zeros((1, H)), 'bh': np.zeros((1, H)),
            'Wo': glorot(H, K), 'bo': np.zeros((1, K)),
        }
        self.H = H

    def forward(self, X, h0=None):
        """Returns the tag probabilities and remembers what backward needs."""
        P = self.params
        T, N, _ = X.shape
        self.X = X
        self.h = {-1: np.zeros((N, self.H)) if h0 is None else h0}
        self.y = {}
        for t in range(T):
            pre_x = X[t].dot(P['Wx']) + P['bx']
            pre_h = self.h[t - 1].dot(P['Wh']) + P['bh']
            self.h[t] = np.tanh(pre_x + pre_h)
            o = self.h[t].dot(P['Wo']) + P['bo']
            o -= o.max(axis=1)[:, np.newaxis]
            np.exp(o, out=o)
            self.y[t] = o / o.sum(axis=1)[:, np.newaxis]
        return np.array([self.y[t] for t in range(T)])

    def loss(self, Y):
        T, N, _ = Y.shape
        return -sum(np.sum(Y[t] * np.log(self.y[t])) for t in range(T)) / (T * N)

    def backward(self, Y):
        P = self.params
        T, N, _ = Y.shape
        grads = {k: np.zeros_like(v) for k, v in P.items()}
        dh_next = 0
        for t in range(T)[::-1]:
            do = (self.y[t] - Y[t]) / (T * N)
            grads['Wo'] += self.h[t].T.dot(do)
            grads['bo'] += do.sum(axis=0)
            dh = do.dot(P['Wo'].T) + dh_next
            dpre = (1 - self.h[t] * self.h[t]) * dh
            grads['Wx'] += self.X[t].T.dot(dpre)
            grads['bx'] += dpre.sum(axis=0)
            grads['Wh'] += self.h[t - 1].T.dot(dpre)
            grads['bh'] += dpre.sum(axis=0)
            dh_next = dpre.dot(P['Wh'].T)
        return grads

    def update(self, grads, lr):
        for k in self.params:
            self.params[k] += -lr * grads[k]

    def train(self, X, Y, lr=1.0, iters=100, print_every=25):
        for i in range(iters):
            self.forward(X)
            L = self.loss(Y)
            self.update(self.backward(Y), lr)
            if i % print_every == 0:
                print('iter %4d  loss %.4f' % (i, L))


if __name__ == '__main__':
    np.random.seed(12)
    sents = [('the dog sees a cat', 'D N V D N'), ('a bird sings the song', 'D N V D N'),
             ('cats chase the small bird', 'N V D A N'), ('big dogs see small cats', 'A N V A N')]
    vocab = sorted({w for s, _ in sents for w in s.split()})
    tags = ['D', 'N', 'V', 'A']
    X = np.zeros((5, len(sents), len(vocab)))
    Y = np.zeros((5, len(sents), len(tags)))
    for n, (s, tg) in enumerate(sents):
        for t, (w, k) in enumerate(zip(s.split(), tg.split())):
            X[t, n, vocab.index(w)] = 1
            Y[t, n, tags.index(k)] = 1
    model = SequenceTagger(len(vocab), 10, len(tags))
    model.train(X, Y)
    print(model.forward(X).argmax(-1).T)
