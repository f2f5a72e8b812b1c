import numpy as np


class RNNClassifier:
    """Elman network with the scikit-learn interface.

    Parameters
    ----------
    hidden_units : int
    learning_rate : float
    max_iter : int
        number of full-batch gradient steps that `fit` does
    random_state : int
    """

    def __init__(self, hidden_units=16, learning_rate=0.05, max_iter=100, random_state=0,
                 warm_start=False):
        self.hidden_units = hidden_units
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.random_state = random_state
        self.warm_start = warm_start

    def _init_weights(self, n_features, n_classes):
        rng = np.random.RandomState(self.random_state)
        self.coef_in_ = rng.randn(n_features, self.hidden_units) * 0.1
        self.coef_rec_ = rng.randn(self.hidden_units, self.hidden_units) * 0.1
        self.coef_out_ = rng.randn(self.hidden_units, n_classes) * 0.1
        self.intercept_hidden_ = np.zeros((1, self.hidden_units))
        self.intercept_out_ = np.zeros((1, n_classes))

    def _states(self, X):
        H = [np.zeros((len(X), self.hidden_units))]
        for t in range(X.shape[1]):
            H.append(np.tanh(X[:, t] @ self.coef_in_ + H[t] @ self.coef_rec_
                             + self.intercept_hidden_))
        return H

    def decision_function(self, X):
        return self._states(X)[-1] @ self.coef_out_ + self.intercept_out_

    def predict_log_proba(self, X):
        scores = self.decision_function(X)
        scores = scores - scores.max(axis=1, keepdims=True)
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    def predict_proba(self, X):
        return np.exp(self.predict_log_proba(X))

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)

    def fit(self, X, y):
        """X: (n_samples, n_steps, n_features), y: (n_samples,) integers"""
        if not (self.warm_start and hasattr(self, 'coef_in_')):
            self._init_weights(X.shape[2], int(np.max(y)) + 1)
        self.loss_curve_ = []
        n = len(X)
        for _ in range(self.max_iter):
            H = self._states(X)
            scores = H[-1] @ self.coef_out_ + self.intercept_out_
            scores = scores - scores.max(axis=1, keepdims=True)
            logp = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
            self.loss_curve_.append(-logp[range(n), y].mean())
            D = np.exp(logp)
            D[range(n), y] -= 1
            D /= n
            g_out, g_iout = H[-1].T @ D, D.sum(axis=0, keepdims=True)
            delta = D @ self.coef_out_.T
            g_in, g_rec, g_ih = 0, 0, 0
            for t in range(X.shape[1], 0, -1):
                delta = delta * (1 - H[t] ** 2)
                g_in = g_in + X[:, t - 1].T @ delta
                g_rec = g_rec + H[t - 1].T @ delta
                g_ih = g_ih + delta.sum(axis=0, keepdims=True)
                delta = delta @ self.coef_rec_.T
            for w, g in ((self.coef_in_, g_in), (self.coef_rec_, g_rec), (self.coef_out_, g_out),
                         (self.intercept_hidden_, g_ih), (self.intercept_out_, g_iout)):
                w -= self.learning_rate * g
        return self

    def score(self, X, y):
        return np.mean(self.predict(X) == y)
