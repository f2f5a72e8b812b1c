import numpy as np
# x : (n_x, m, T_x)   a : (n_a, m, T_x)


def rnn_cell_forward(xt, a_prev, parameters):
    z = parameters["Waa"] @ a_prev + parameters["Wax"] @ xt + parameters["ba"]
    a_next = np.tanh(z)
    cache = {"a_next": a_next, "a_prev": a_prev, "xt": xt, "parameters": parameters}
    return a_next, cache


def rnn_forward(x, a0, parameters):
    caches, hidden = [], []
    a = a0
    for t in range(x.shape[-1]):
        a, cache = rnn_cell_forward(x[..., t], a, parameters)
        hidden.append(a)
        caches.append(cache)
    return np.stack(hidden, axis=-1), caches


def rnn_cell_backward(da_next, cache):
    p = cache["parameters"]
    dz = da_next * (1 - cache["a_next"] ** 2)
    gradients = {}
    gradients["dxt"] = p["Wax"].T @ dz
    gradients["dWax"] = dz @ cache["xt"].T
    gradients["da_prev"] = p["Waa"] @ dz
    gradients["dWaa"] = dz @ cache["a_prev"].T
    gradients["dba"] = dz.sum(axis=1, keepdims=True)
    return gradients


def rnn_backward(da, caches):
    p = caches[0]["parameters"]
    total = {"dWax": np.zeros_like(p["Wax"]), "dWaa": np.zeros_like(p["Waa"]),
             "dba": np.zeros_like(p["ba"])}
    dx = []
    da_prev = 0
    for t in reversed(range(len(caches))):
        g = rnn_cell_backward(da[..., t] + da_prev, caches[t])
        da_prev = g["da_prev"]
        dx.insert(0, g["dxt"])
        for k in total:
            total[k] += g[k]
    total["dx"] = np.stack(dx, axis=-1)
    total["da0"] = da_prev
    return total
