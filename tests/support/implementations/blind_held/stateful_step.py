"""
RNN that consumes one input a call.

    net = StepRNN(n_in, n_hid, n_out)
    net.reset()
    y = net.step(x)        # as often as you like
    net.bptt(dys)          # dys: one gradient for each y since reset(), sets net.grads
    net.apply(lr)

x, h and y are flat vectors.  Buffers are preallocated, since this
also runs in the control loop of the robot arm.
"""
import numpy as np


class StepRNN:

    def __init__(self, n_in, n_hid, n_out, seed=0):
        r = np.random.RandomState(seed)
        self.Wi = r.uniform(-1, 1, (n_hid, n_in)) * 0.4
        self.Wr = r.uniform(-1, 1, (n_hid, n_hid)) * 0.4
        self.bi = np.zeros(n_hid)
        self.Wo = r.uniform(-1, 1, (n_out, n_hid)) * 0.4
        self.bo = np.zeros(n_out)
        self.h = np.zeros(n_hid)
        self.a = np.zeros(n_hid)
        self.tape = []

    def reset(self, h=None):
        self.h[:] = 0 if h is None else h
        self.tape = []

    def step(self, x):
        h_prev = self.h.copy()
        np.dot(self.Wr, h_prev, out=self.a)
        self.a += self.Wi.dot(x)
        self.a += self.bi
        np.tanh(self.a, out=self.h)
        self.tape.append((np.array(x, dtype=float), h_prev, self.h))
        return self.Wo.dot(self.h) + self.bo

    def bptt(self, dys):
        assert len(dys) == len(self.tape)
        g = dict(Wi=np.zeros_like(self.Wi), Wr=np.zeros_like(self.Wr), bi=np.zeros_like(self.bi),
                 Wo=np.zeros_like(self.Wo), bo=np.zeros_like(self.bo))
        back = np.zeros_like(self.h)
        dxs = []
        for (x, h_prev, h), dy in zip(reversed(self.tape), reversed(dys)):
            g['Wo'] += np.outer(dy, h)
            g['bo'] += dy
            da = (self.Wo.T.dot(dy) + back) * (1 - h * h)
            g['Wi'] += np.outer(da, x)
            g['Wr'] += np.outer(da, h_prev)
            g['bi'] += da
            dxs.insert(0, self.Wi.T.dot(da))
            back = self.Wr.T.dot(da)
        self.grads = g
        return dxs

    def apply(self, lr):
        for name, grad in self.grads.items():
            p = getattr(self, name)
            p -= lr * grad


def episode(net, xs, targets, lr):
    net.reset()
    err = 0.0
    dys = []
    for x, d in zip(xs, targets):
        e = net.step(x) - d
        err += 0.5 * e.dot(e)
        dys.append(e)
    net.bptt(dys)
    net.apply(lr)
    return err


if __name__ == "__main__":
    r = np.random.RandomState(1)
    net = StepRNN(2, 10, 1)
    for k in range(1500):
        xs = r.uniform(-1, 1, (12, 2))
        targets = np.concatenate([np.zeros((1, 1)), xs[:-1, :1]])     # repeat channel 0, one step late
        e = episode(net, xs, targets, 0.05)
        if k % 300 == 0:
            print("episode %4d   error %.4f" % (k, e))
