from dataclasses import dataclass, field

import numpy as np


@dataclass
class Transition:
    """s' = tanh(W [x; s] + b) over a batch-major sequence, with its vector-Jacobian product."""

    dim_x: int
    dim_s: int
    seed: int = 0
    W: np.ndarray = field(init=False, repr=False)   # (dim_s, dim_x + dim_s)
    b: np.ndarray = field(init=False, repr=False)   # (dim_s,)

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        k = (self.dim_x + self.dim_s) ** -0.5
        self.W = rng.uniform(-k, k, (self.dim_s, self.dim_x + self.dim_s))
        self.b = np.zeros(self.dim_s)

    def __call__(self, xs: np.ndarray, s0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """xs (B, L, dim_x), s0 (B, dim_s) -> all states (B, L, dim_s), last state (B, dim_s)"""
        self._joint, outs, s = [], [], s0
        for step in range(xs.shape[1]):
            joint = np.concatenate([xs[:, step], s], axis=1)
            s = np.tanh(joint @ self.W.T + self.b)
            self._joint.append(joint)
            outs.append(s)
        self._outs = np.stack(outs, axis=1)
        return self._outs, s

    def vjp(self, d_outs: np.ndarray, d_last: np.ndarray):
        """Cotangents of both outputs -> cotangents (d_xs, d_s0, {"W": ..., "b": ...})"""
        dW, db = np.zeros_like(self.W), np.zeros_like(self.b)
        d_xs = np.empty((*d_outs.shape[:2], self.dim_x))
        d_s = d_last
        for step in range(d_outs.shape[1])[::-1]:
            d_pre = (d_s + d_outs[:, step]) * (1 - np.square(self._outs[:, step]))
            dW += d_pre.T @ self._joint[step]
            db += d_pre.sum(axis=0)
            d_xs[:, step], d_s = np.split(d_pre @ self.W, [self.dim_x], axis=1)
        return d_xs, d_s, {"W": dW, "b": db}


def sgd(layer: Transition, grads: dict[str, np.ndarray], lr: float) -> None:
    for name, grad in grads.items():
        setattr(layer, name, getattr(layer, name) - lr * grad)
