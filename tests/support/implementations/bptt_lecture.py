"""Lecture 9: backpropagation through time. weights = (U, W, b), U: (H, F), W: (H, H), b: (H,)"""
import numpy as np


def forward(X, weights):
    """X: (T, N, F) -> list of T states, each (N, H)"""
    U, W, b = weights
    s = []
    for t in range(len(X)):
        a = X[t] @ U.T + b
        if t > 0:
            a = a + s[t - 1] @ W.T
        s.append(np.tanh(a))
    return s


def bptt(X, s, dS, weights):
    """dS: (T, N, H), the gradient of the loss by each state. Returns a tuple like weights."""
    U, W, b = weights
    dU, dW, db = np.zeros(U.shape), np.zeros(W.shape), np.zeros(b.shape)
    later = np.zeros(s[0].shape)
    for t in range(len(X))[::-1]:
        da = (dS[t] + later) * (1 - s[t] ** 2)
        dU += da.T @ X[t]
        dW += da.T @ s[t - 1]
        db += da.sum(axis=0)
        later = da @ W
    return dU, dW, db


if __name__ == "__main__":
    rng = np.random.default_rng(9)
    weights = rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=4)
    X = rng.normal(size=(5, 2, 3))
    S = forward(X, weights)
    for g in bptt(X, S, np.ones((5, 2, 4)), weights):
        print(g.round(3))
