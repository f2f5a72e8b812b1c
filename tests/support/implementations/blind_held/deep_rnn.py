#!/usr/bin/env python3
# deep_rnn.py -- stack of Elman layers + a linear readout at each step
# params: list of dicts, one per layer, last one is the readout
# x: (batch, time, features)
import numpy as np


def init(sizes, n_out, seed=0):
    """sizes = [n_features, hidden1, hidden2, ...]"""
    rng = np.random.RandomState(seed)
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        layers.append({'W': rng.randn(a, b) * np.sqrt(1. / a),
                       'R': rng.randn(b, b) * np.sqrt(1. / b),
                       'b': np.zeros(b)})
    layers.append({'W': rng.randn(sizes[-1], n_out) * np.sqrt(1. / sizes[-1]), 'b': np.zeros(n_out)})
    return layers


def forward(params, x):
    acts = [x]
    for p in params[:-1]:
        inp = acts[-1]
        n, T, _ = inp.shape
        out = np.zeros((n, T, p['R'].shape[0]))
        h = np.zeros((n, p['R'].shape[0]))
        for t in range(T):
            h = np.tanh(np.dot(inp[:, t], p['W']) + np.dot(h, p['R']) + p['b'])
            out[:, t] = h
        acts.append(out)
    logits = np.dot(acts[-1], params[-1]['W']) + params[-1]['b']
    return logits, acts


def cross_entropy(logits, y):
    """mean over batch and time; y integers (batch, time). returns loss, dlogits"""
    n, T, K = logits.shape
    z = logits - logits.max(-1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(-1, keepdims=True))
    ii, tt = np.meshgrid(range(n), range(T), indexing='ij')
    loss = -logp[ii, tt, y].mean()
    d = np.exp(logp)
    d[ii, tt, y] -= 1
    return loss, d / (n * T)


def backward(params, acts, dlogits):
    grads = [None] * len(params)
    grads[-1] = {'W': np.einsum('nth,ntk->hk', acts[-1], dlogits), 'b': dlogits.sum((0, 1))}
    dout = dlogits.dot(params[-1]['W'].T)
    for l in reversed(range(len(params) - 1)):
        p, inp, out = params[l], acts[l], acts[l + 1]
        n, T, H = out.shape
        g = {k: np.zeros_like(v) for k, v in p.items()}
        dinp = np.zeros_like(inp)
        dh = np.zeros((n, H))
        for t in reversed(range(T)):
            dh = dh + dout[:, t]
            dz = dh * (1 - out[:, t] ** 2)
            g['W'] += inp[:, t].T.dot(dz)
            if t > 0:                       # h before the first step is zero
                g['R'] += out[:, t - 1].T.dot(dz)
            g['b'] += dz.sum(0)
            dinp[:, t] = dz.dot(p['W'].T)
            dh = dz.dot(p['R'].T)
        grads[l] = g
        dout = dinp
    return grads


def sgd_update(params, grads, lr):
    for p, g in zip(params, grads):
        for k in p:
            p[k] -= lr * g[k]


def train(params, x, y, lr=0.5, steps=200):
    for s in range(steps):
        logits, acts = forward(params, x)
        loss, d = cross_entropy(logits, y)
        sgd_update(params, backward(params, acts, d), lr)
        if s % 50 == 0:
            acc = (logits.argmax(-1) == y).mean()
            print('step %d loss %.4f acc %.3f' % (s, loss, acc))


if __name__ == '__main__':
    rng = np.random.RandomState(1)
    bits = rng.randint(0, 2, size=(64, 8))
    parity = np.cumsum(bits, axis=1) % 2
    net = init([1, 16, 12], 2)
    train(net, bits[:, :, None] * 2.0 - 1, parity)
