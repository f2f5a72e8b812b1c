"""Identification of a nonlinear state space model by the adjoint method

    x[k+1] = tanh(A x[k] + B u[k]),     y[k] = C x[k+1]

u is (m, K): one column per sample. x0 is (n, 1).
"""
from collections import namedtuple

import numpy as np

System = namedtuple("System", "A B C")


def random_system(n, m, p, rho=0.9, seed=None):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, n))
    A *= rho / np.max(np.abs(np.linalg.eigvals(A)))
    return System(A, rng.standard_normal((n, m)), rng.standard_normal((p, n)))


def simulate(sys, u, x0):
    """Outputs (p, K) and the state trajectory (n, K+1), which begins with x0."""
    K = u.shape[1]
    x = np.empty((sys.A.shape[0], K + 1))
    x[:, :1] = x0
    for k in range(K):
        x[:, k + 1] = np.tanh(sys.A @ x[:, k] + sys.B @ u[:, k])
    return sys.C @ x[:, 1:], x


def cost(sys, u, x0, r):
    y, _ = simulate(sys, u, x0)
    return 0.5 * np.sum((y - r) ** 2)


def adjoint(sys, u, x0, r):
    """Gradient of the cost by A, B and C (as a System) and by x0."""
    y, x = simulate(sys, u, x0)
    e = y - r
    K = u.shape[1]
    lam = np.zeros(x.shape[0])            # costate
    mu = np.empty((x.shape[0], K))
    for k in reversed(range(K)):
        lam = lam + sys.C.T @ e[:, k]
        mu[:, k] = (1 - x[:, k + 1] ** 2) * lam
        lam = sys.A.T @ mu[:, k]
    return System(A=mu @ x[:, :-1].T, B=mu @ u.T, C=e @ x[:, 1:].T), lam[:, None]


def descend(sys, u, x0, r, step):
    g, _ = adjoint(sys, u, x0, r)
    return System(*(w - step * dw for w, dw in zip(sys, g)))


if __name__ == "__main__":
    plant = random_system(3, 2, 1, seed=1)
    u = np.random.default_rng(2).standard_normal((2, 50))
    x0 = np.zeros((3, 1))
    r, _ = simulate(plant, u, x0)
    model = random_system(3, 2, 1, seed=5)
    for i in range(201):
        if i % 50 == 0:
            print(i, cost(model, u, x0, r))
        model = descend(model, u, x0, r, 0.002)
