# Activity recognition, RNN part. Config and parameters are plain dicts, so they can be saved as json
import numpy as np

DEFAULTS = {"max_norm": 0.25, "init": 0.1, "lr": 0.05}


class ActivityRNN:
    def __init__(self, n_channels, n_units, n_activities, **config):
        self.config = {**DEFAULTS, **config}
        init = self.config["init"]
        self.params = {
            "rnn": {
                "kernel": init * np.random.randn(n_channels, n_units),
                "recurrent": init * np.random.randn(n_units, n_units),
                "bias": np.zeros(n_units),
            },
            "dense": {
                "kernel": init * np.random.randn(n_units, n_activities),
                "bias": np.zeros(n_activities),
            },
        }

    def forward(self, windows):
        """windows: (batch, samples, channels). Returns {"states": [...], "logits": (batch, activities)}"""
        rnn, dense = self.params["rnn"], self.params["dense"]
        states = [np.zeros((len(windows), len(rnn["bias"])))]
        for i in range(windows.shape[1]):
            pre = windows[:, i, :] @ rnn["kernel"] + states[i] @ rnn["recurrent"] + rnn["bias"]
            states.append(np.tanh(pre))
        return {"states": states, "logits": states[-1] @ dense["kernel"] + dense["bias"]}

    def loss(self, logits, activities):
        m = logits.max(axis=-1, keepdims=True)
        lse = m[:, 0] + np.log(np.exp(logits - m).sum(axis=-1))
        return (lse - logits[np.arange(len(logits)), activities]).mean()

    def backward(self, windows, activities, out):
        rnn, dense = self.params["rnn"], self.params["dense"]
        states, logits = out["states"], out["logits"]
        p = np.exp(logits - logits.max(axis=-1, keepdims=True))
        p = p / p.sum(axis=-1, keepdims=True)
        dlogits = (p - np.eye(p.shape[1])[activities]) / len(p)
        grads = {
            "rnn": {name: np.zeros_like(value) for name, value in rnn.items()},
            "dense": {"kernel": states[-1].T @ dlogits, "bias": dlogits.sum(axis=0)},
        }
        dstate = dlogits @ dense["kernel"].T
        for i in range(windows.shape[1])[::-1]:
            dpre = dstate * (1 - states[i + 1] ** 2)
            grads["rnn"]["kernel"] += windows[:, i, :].T @ dpre
            grads["rnn"]["recurrent"] += states[i].T @ dpre
            grads["rnn"]["bias"] += dpre.sum(axis=0)
            dstate = dpre @ rnn["recurrent"].T
        for layer in grads.values():
            for name, g in layer.items():
                norm = np.linalg.norm(g)
                if norm > self.config["max_norm"]:
                    layer[name] = g * (self.config["max_norm"] / norm)
        return grads

    def apply_gradients(self, grads, lr=None):
        lr = self.config["lr"] if lr is None else lr
        for layer, g in grads.items():
            for name in g:
                self.params[layer][name] = self.params[layer][name] - lr * g[name]


if __name__ == "__main__":
    model = ActivityRNN(3, 12, 4)
    windows, activities = np.random.randn(16, 10, 3), np.random.randint(0, 4, 16)
    for epoch in range(50):
        out = model.forward(windows)
        model.apply_gradients(model.backward(windows, activities, out), lr=0.5)
    print(model.loss(out["logits"], activities))
