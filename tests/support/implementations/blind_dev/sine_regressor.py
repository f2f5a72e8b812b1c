# %% [markdown]
# # Predicting a sine wave with an RNN from scratch
# %%
import numpy as np


class RNNRegressor:
    """scikit-learn style estimator: fit / predict"""

    def __init__(self, hidden=16, lr=0.05, epochs=100, batch_size=32, random_state=0):
        self.hidden = hidden
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def _init(self, n_features):
        rs = np.random.RandomState(self.random_state)
        H = self.hidden
        self.W_in_ = rs.normal(0, 0.3, (n_features, H))
        self.W_rec_ = rs.normal(0, 1 / np.sqrt(H), (H, H))
        self.b_ = np.zeros(H)
        self.w_out_ = rs.normal(0, 0.3, (H, 1))
        self.b_out_ = np.zeros(1)

    def _forward(self, X):
        h = np.zeros((X.shape[0], self.hidden))
        hs = [h]
        for t in range(X.shape[1]):
            h = np.tanh(X[:, t, :] @ self.W_in_ + h @ self.W_rec_ + self.b_)
            hs.append(h)
        return hs, (h @ self.w_out_ + self.b_out_).ravel()

    def _loss_and_grads(self, X, y):
        hs, pred = self._forward(X)
        err = pred - y
        loss = np.mean(err ** 2)
        dpred = (2.0 / len(y)) * err[:, None]
        grads = {
            'w_out_': hs[-1].T @ dpred,
            'b_out_': dpred.sum(axis=0),
            'W_in_': np.zeros_like(self.W_in_),
            'W_rec_': np.zeros_like(self.W_rec_),
            'b_': np.zeros_like(self.b_),
        }
        dh = dpred @ self.w_out_.T
        for t in reversed(range(X.shape[1])):
            dz = dh * (1.0 - hs[t + 1] ** 2)
            grads['W_in_'] += X[:, t, :].T @ dz
            grads['W_rec_'] += hs[t].T @ dz
            grads['b_'] += dz.sum(axis=0)
            dh = dz @ self.W_rec_.T
        return loss, grads

    def fit(self, X, y):
        self._init(X.shape[2])
        rs = np.random.RandomState(self.random_state)
        self.losses_ = []
        for epoch in range(self.epochs):
            order = rs.permutation(len(X))
            total = 0.0
            for i in range(0, len(X), self.batch_size):
                ix = order[i:i + self.batch_size]
                loss, grads = self._loss_and_grads(X[ix], y[ix])
                for name, g in grads.items():
                    setattr(self, name, getattr(self, name) - self.lr * g)
                total += loss * len(ix)
            self.losses_.append(total / len(X))
        return self

    def predict(self, X):
        return self._forward(X)[1]


# %%
if __name__ == '__main__':
    t = np.arange(0, 60, 0.2)
    wave = np.sin(t)
    L = 12
    X = np.array([wave[i:i + L] for i in range(len(wave) - L)])[:, :, None]
    y = wave[L:]
    m = RNNRegressor().fit(X, y)
    print(m.losses_[0], m.losses_[-1])
