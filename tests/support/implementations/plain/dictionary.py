import numpy as np


def init_params(n_in, n_hidden, n_out, scale=0.1):
    return {
        "U": np.random.randn(n_in, n_hidden) * scale,
        "W": np.random.randn(n_hidden, n_hidden) * scale,
        "b": np.zeros(n_hidden),
        "V": np.random.randn(n_hidden, n_out) * scale,
        "c": np.zeros(n_out),
    }


def rnn_forward(x, h0, params):
    states = [h0]
    for t in range(x.shape[1]):
        a = np.dot(x[:, t], params["U"]) + np.dot(states[-1], params["W"]) + params["b"]
        states.append(np.maximum(a, 0))
    logits = np.dot(states[-1], params["V"]) + params["c"]
    return logits, states


def softmax_loss(logits, y):
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    total = np.sum(np.exp(shifted), axis=1, keepdims=True)
    log_probs = shifted - np.log(total)
    loss = -np.mean(log_probs[np.arange(len(y)), y])
    dlogits = np.exp(log_probs)
    dlogits[np.arange(len(y)), y] -= 1
    return loss, dlogits / len(y)


def rnn_backward(x, dlogits, states, params):
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    grads["V"] = np.dot(states[-1].T, dlogits)
    grads["c"] = np.sum(dlogits, axis=0)
    dh = np.dot(dlogits, params["V"].T)
    for t in range(x.shape[1] - 1, -1, -1):
        da = dh * (states[t + 1] > 0)
        grads["U"] += np.dot(x[:, t].T, da)
        grads["W"] += np.dot(states[t].T, da)
        grads["b"] += np.sum(da, axis=0)
        dh = np.dot(da, params["W"].T)
    return grads


def loss_and_gradients(x, y, h0, params):
    logits, states = rnn_forward(x, h0, params)
    loss, dlogits = softmax_loss(logits, y)
    return loss, rnn_backward(x, dlogits, states, params)


def sgd(params, grads, learning_rate):
    for name in params:
        params[name] = params[name] - learning_rate * grads[name]
    return params
