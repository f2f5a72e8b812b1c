import numpy as np

"""
Layer functions for the captioning assignment: every forward returns
(out, cache), every backward takes (dout, cache).
"""


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """
    One timestep.

    - x: (N, D), prev_h: (N, H)
    - Wx: (D, H), Wh: (H, H), b: (H,)
    """
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1.0 - next_h ** 2)
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = da.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """ x: (N, T, D) -> h: (N, T, H) """
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    ht = h0
    for t in range(T):
        ht, step_cache = rnn_step_forward(x[:, t, :], ht, Wx, Wh, b)
        h[:, t, :] = ht
        cache.append(step_cache)
    return h, cache


def rnn_backward(dh, cache):
    """ dh: (N, T, H), the gradients that come from the loss at each step """
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    dprev = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx_t, dprev, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t, :] + dprev, cache[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return dx, dprev, dWx, dWh, db


def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    M = b.shape[0]
    out = x.reshape(N * T, D).dot(w).reshape(N, T, M) + b
    return out, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    N, T, D = x.shape
    M = dout.shape[2]
    flat = dout.reshape(N * T, M)
    dx = flat.dot(w.T).reshape(N, T, D)
    dw = x.reshape(N * T, D).T.dot(flat)
    db = dout.sum(axis=(0, 1))
    return dx, dw, db


def temporal_softmax_loss(x, y, mask):
    """
    x: scores (N, T, V), y: integer labels (N, T), mask: (N, T) booleans.
    Sums over time, averages over the minibatch.
    """
    N, T, V = x.shape
    x_flat = x.reshape(N * T, V)
    y_flat = y.reshape(N * T)
    mask_flat = mask.reshape(N * T)
    top = x_flat.max(axis=1, keepdims=True)
    e = np.exp(x_flat - top)
    lse = np.log(e.sum(axis=1))
    loss = np.sum(mask_flat * (lse - x_flat[np.arange(N * T), y_flat])) / N
    dx_flat = e / e.sum(axis=1, keepdims=True)
    dx_flat[np.arange(N * T), y_flat] -= 1
    dx_flat /= N
    dx_flat *= mask_flat[:, None]
    return loss, dx_flat.reshape(N, T, V)


def model_loss(params, x, h0, y, mask=None):
    """ RNN -> scores -> softmax. Returns (loss, grads). """
    if mask is None:
        mask = np.ones(y.shape, dtype=bool)
    h, c1 = rnn_forward(x, h0, params["Wx"], params["Wh"], params["b"])
    scores, c2 = temporal_affine_forward(h, params["W_vocab"], params["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, y, mask)
    grads = {}
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, c2)
    _, grads["h0"], grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c1)
    return loss, grads


if __name__ == "__main__":
    rng = np.random.RandomState(231)
    N, T, D, H, V = 8, 5, 6, 10, 4
    params = dict(Wx=rng.randn(D, H) / np.sqrt(D), Wh=rng.randn(H, H) / np.sqrt(H), b=np.zeros(H),
                  W_vocab=rng.randn(H, V) / np.sqrt(H), b_vocab=np.zeros(V))
    x = rng.randn(N, T, D)
    y = rng.randint(V, size=(N, T))
    for it in range(100):
        loss, grads = model_loss(params, x, np.zeros((N, H)), y)
        for k in params:
            params[k] -= 0.2 * grads[k]
        if it % 20 == 0:
            print("%3d  loss %.4f" % (it, loss))
