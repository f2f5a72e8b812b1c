import numpy as np

# Bidirectional tanh RNN as plain functions.  Everything is time major:
#   x    (T, B, I)
#   out  (T, B, 2H)   forward half first
# A direction's weights are a tuple (w_x, w_h, b), shapes (H, I), (H, H), (H,).


def run(x, weights, h):
    w_x, w_h, b = weights
    hs = np.empty((x.shape[0] + 1, x.shape[1], w_h.shape[0]))
    hs[0] = h
    for t in range(x.shape[0]):
        hs[t + 1] = np.tanh(x[t] @ w_x.T + hs[t] @ w_h.T + b)
    return hs


def run_back(x, weights, hs, d_out):
    w_x, w_h, b = weights
    d_wx = np.zeros_like(w_x)
    d_wh = np.zeros_like(w_h)
    d_b = np.zeros_like(b)
    d_x = np.empty_like(x)
    d_h = np.zeros_like(hs[0])
    for t in range(x.shape[0] - 1, -1, -1):
        d_h = d_h + d_out[t]
        d_a = d_h * (1 - hs[t + 1] ** 2)
        d_wx += d_a.T @ x[t]
        d_wh += d_a.T @ hs[t]
        d_b += d_a.sum(0)
        d_x[t] = d_a @ w_x
        d_h = d_a @ w_h
    return d_x, (d_wx, d_wh, d_b), d_h


def birnn_forward(x, fwd, bwd, h0=None):
    T, B, _ = x.shape
    H = fwd[1].shape[0]
    if h0 is None:
        h0 = np.zeros((2, B, H))
    hs_f = run(x, fwd, h0[0])
    hs_b = run(x[::-1], bwd, h0[1])
    out = np.concatenate([hs_f[1:], hs_b[1:][::-1]], axis=-1)
    h_last = np.stack([hs_f[-1], hs_b[-1]])
    return out, h_last, (x, fwd, bwd, hs_f, hs_b)


def birnn_backward(d_out, cache):
    """Returns d_x, gradients of the two directions (same tuples), d_h0."""
    x, fwd, bwd, hs_f, hs_b = cache
    H = fwd[1].shape[0]
    dx_f, g_f, dh_f = run_back(x, fwd, hs_f, d_out[..., :H])
    dx_b, g_b, dh_b = run_back(x[::-1], bwd, hs_b, d_out[::-1, :, H:])
    d_x = dx_f + dx_b
    return d_x, g_f, g_b, np.stack([dh_f, dh_b])


def sgd(weights, grads, lr):
    return tuple(w - lr * g for w, g in zip(weights, grads))


def make_weights(n_in, n_hid, rng):
    k = 1 / np.sqrt(n_hid)
    return (rng.uniform(-k, k, (n_hid, n_in)), rng.uniform(-k, k, (n_hid, n_hid)), rng.uniform(-k, k, n_hid))


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    T, B, I, H = 7, 16, 3, 5
    fwd, bwd = make_weights(I, H, rng), make_weights(I, H, rng)
    x = rng.normal(size=(T, B, I))
    # toy target: every output should follow the mean of the inputs in the window
    target = np.repeat(x.mean(0).mean(-1)[None, :, None], T, 0) * np.ones((1, 1, 2 * H))
    for step in range(101):
        out, _, cache = birnn_forward(x, fwd, bwd)
        loss = ((out - target) ** 2).mean()
        d_x, g_f, g_b, _ = birnn_backward(2 * (out - target) / out.size, cache)
        fwd, bwd = sgd(fwd, g_f, 0.5), sgd(bwd, g_b, 0.5)
        if step % 25 == 0:
            print(step, round(float(loss), 5))
