"""The NumPy calls that a training step needs at least, into arrays and views that exist already.

No user would write it. The further time of scratch is for its checks, allocations and copies.
"""

from collections.abc import Callable

import numpy as np

from parity.model.case import Case


def training_step(case: Case) -> Callable[[], float]:
    """Return one training step."""
    n, t, f, h = case.config.batch, case.config.steps, case.config.features, case.config.hidden
    W_x, W_h, b, W_out, b_out = (weight.copy() for weight in case.parameters.values())
    rows, lr = np.arange(n), case.lr
    x = case.x.transpose(1, 0, 2).reshape(-1, f)  # (steps * batch, features)
    states = np.empty((t + 1, n, h), x.dtype)
    da = np.empty((t, n, h), x.dtype)
    slope = np.empty_like(da)
    states[0] = case.h_0
    hs, das, slopes = list(states), list(da), list(slope)

    def step() -> float:
        np.dot(x, W_x, da.reshape(-1, h))
        np.add(da, b, da)
        for before, after, a in zip(hs, hs[1:], das, strict=False):
            np.dot(before, W_h, after)
            np.add(after, a, after)
            np.tanh(after, after)
        logits = hs[-1] @ W_out + b_out
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[rows, case.labels]).mean()
        p[rows, case.labels] -= 1
        p /= n

        np.multiply(states[1:], states[1:], slope)
        np.subtract(1, slope, slope)
        back = W_h.T.copy()
        np.multiply(p @ W_out.T, slopes[-1], das[-1])
        for s in range(t - 1, 0, -1):
            np.dot(das[s], back, das[s - 1])
            np.multiply(das[s - 1], slopes[s - 1], das[s - 1])
        flat = da.reshape(-1, h)
        np.dot(flat, W_x.T)  # the gradients of x and h_0, which the step does not need
        np.dot(das[0], back)
        for weight, gradient in (
            (W_x, x.T @ flat),
            (W_h, states[:-1].reshape(-1, h).T @ flat),
            (b, flat.sum(axis=0)),
            (W_out, hs[-1].T @ p),
            (b_out, p.sum(axis=0)),
        ):
            np.subtract(weight, lr * gradient, weight)
        return float(loss)

    return step
