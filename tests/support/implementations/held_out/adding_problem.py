"""The adding problem, in as few lines as I could. No classes, everything is global."""
import numpy as np

np.random.seed(1997)
N_IN, N_HID, N_OUT = 2, 16, 1

w_in = np.random.normal(0, 0.3, (N_IN, N_HID))
w_ctx = np.linalg.qr(np.random.normal(size=(N_HID, N_HID)))[0] * 0.9
w_out = np.random.normal(0, 0.3, (N_HID, N_OUT))
b_hid = np.zeros(N_HID)


def run(seq):
    """seq: T x N x N_IN  ->  output after the last step, N x N_OUT, and all contexts"""
    ctx = np.zeros((seq.shape[1], len(b_hid)))
    contexts = [ctx]
    for x in seq:
        hid = np.tanh(x.dot(w_in) + ctx.dot(w_ctx) + b_hid)
        ctx = hid                 # Elman: the context is a copy of the hidden layer
        contexts.append(ctx)
    return hid.dot(w_out), contexts


def error(out, target):
    return np.sum((out - target) ** 2)


def train(seq, target, eta=0.001):
    """One step of gradient descent on the summed squared error; gives the error before it."""
    global w_in, w_ctx, w_out, b_hid
    out, contexts = run(seq)
    d_out = 2 * (out - target)
    g_out = contexts[-1].T.dot(d_out)
    g_in, g_ctx, g_hid = np.zeros(w_in.shape), np.zeros(w_ctx.shape), np.zeros(b_hid.shape)
    back = d_out.dot(w_out.T)
    for x, before, hid in zip(seq[::-1], contexts[-2::-1], contexts[:0:-1]):
        net = back * (1 - hid * hid)
        g_in += x.T.dot(net)
        g_ctx += before.T.dot(net)
        g_hid += net.sum(0)
        back = net.dot(w_ctx.T)
    w_in = w_in - eta * g_in
    w_ctx = w_ctx - eta * g_ctx
    w_out = w_out - eta * g_out
    b_hid = b_hid - eta * g_hid
    return error(out, target)


def batch(n=32, length=10):
    values = np.random.rand(length, n)
    marks = np.zeros((length, n))
    for column in range(n):
        marks[np.random.choice(length, 2, replace=False), column] = 1
    return np.stack([values, marks], axis=2), (values * marks).sum(0)[:, None]


if __name__ == "__main__":
    for i in range(1000):
        e = train(*batch())
        if i % 200 == 0:
            print(i, e / 32)
