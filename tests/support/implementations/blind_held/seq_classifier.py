import numpy as np


class RNNClassifier:
    """
    Many-to-one vanilla RNN classifier with an sklearn-like interface.

    X : (n_samples, n_timesteps, n_features),  y : (n_samples,) integers
    """

    def __init__(self, n_hidden=32, lr=0.1, epochs=50, batch_size=16, seed=None, verbose=False):
        self.n_hidden = n_hidden
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.rng = np.random.RandomState(seed)
        self.verbose = verbose

    def _init_weights(self, n_features, n_classes):
        h = self.n_hidden
        self.W_xh_ = self.rng.randn(n_features, h) / np.sqrt(n_features)
        self.W_hh_ = self.rng.randn(h, h) / np.sqrt(h)
        self.b_h_ = np.zeros(h)
        self.W_hy_ = self.rng.randn(h, n_classes) / np.sqrt(h)
        self.b_y_ = np.zeros(n_classes)

    def _forward(self, X):
        # the loop below wants time first
        x_seq = X.reshape(X.shape[1], X.shape[0], -1)
        h = np.zeros((X.shape[0], self.n_hidden))
        hs = [h]
        for x_t in x_seq:
            h = np.tanh(x_t @ self.W_xh_ + h @ self.W_hh_ + self.b_h_)
            hs.append(h)
        scores = h @ self.W_hy_ + self.b_y_
        scores = scores - scores.max(axis=1, keepdims=True)
        e = np.exp(scores)
        return e / e.sum(axis=1, keepdims=True), hs, x_seq

    def _loss(self, probs, y):
        return -np.log(probs[np.arange(len(y)), y]).mean()

    def _backward(self, probs, hs, x_seq, y):
        n = len(y)
        d_scores = probs.copy()
        d_scores[np.arange(n), y] -= 1
        d_scores /= n

        dW_hy = hs[-1].T @ d_scores
        db_y = d_scores.sum(axis=0)
        dW_xh = np.zeros_like(self.W_xh_)
        dW_hh = np.zeros_like(self.W_hh_)
        db_h = np.zeros_like(self.b_h_)
        dh = d_scores @ self.W_hy_.T
        for t in range(len(x_seq) - 1, -1, -1):
            dpre = dh * (1 - hs[t + 1] ** 2)
            dW_xh += x_seq[t].T @ dpre
            dW_hh += hs[t].T @ dpre
            db_h += dpre.sum(axis=0)
            dh = dpre @ self.W_hh_.T
        return dW_xh, dW_hh, db_h, dW_hy, db_y

    def _step(self, X, y):
        probs, hs, x_seq = self._forward(X)
        dW_xh, dW_hh, db_h, dW_hy, db_y = self._backward(probs, hs, x_seq, y)
        self.W_xh_ -= self.lr * dW_xh
        self.W_hh_ -= self.lr * dW_hh
        self.b_h_ -= self.lr * db_h
        self.W_hy_ -= self.lr * dW_hy
        self.b_y_ -= self.lr * db_y
        return self._loss(probs, y)

    def fit(self, X, y):
        X = np.asarray(X, dtype=float)
        y = np.asarray(y, dtype=int)
        if not hasattr(self, "W_xh_"):
            self._init_weights(X.shape[2], y.max() + 1)
        self.losses_ = []
        for epoch in range(self.epochs):
            order = self.rng.permutation(len(X))
            for start in range(0, len(X), self.batch_size):
                idx = order[start:start + self.batch_size]
                self.losses_.append(self._step(X[idx], y[idx]))
            if self.verbose and epoch % 10 == 0:
                print("epoch %3d loss %.4f" % (epoch, self.losses_[-1]))
        return self

    def predict_proba(self, X):
        return self._forward(np.asarray(X, dtype=float))[0]

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)

    def score(self, X, y):
        return (self.predict(X) == y).mean()


if __name__ == "__main__":
    rng = np.random.RandomState(0)
    freq = rng.randint(0, 3, size=150)
    t = np.arange(20)
    X = np.sin((freq[:, None] + 1) * 0.3 * t + rng.uniform(0, 6.28, (150, 1)))[:, :, None]
    X = np.concatenate([X, rng.randn(150, 20, 1) * 0.1], axis=2)
    clf = RNNClassifier(n_hidden=24, lr=0.2, epochs=60, seed=1, verbose=True).fit(X[:120], freq[:120])
    print("test accuracy", clf.score(X[120:], freq[120:]))
