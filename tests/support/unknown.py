"""Errors that are in no catalogue, planted into `scratch`: a diagnosis must not name them."""

from tests.support.planted import Edit

UNKNOWN: dict[str, tuple[Edit, ...]] = {
    "one hidden unit is dead": (
        Edit(
            file="rnn.py",
            old="        self._forward = _Forward(given.shape",
            new="        states[1:, :, 0] = 0\n        self._forward = _Forward(given.shape",
        ),
    ),
    "the gradient of W_x is off by a factor of 1.37": (
        Edit(file="rnn.py", old="dW_x = kept.x.T @ flat", new="dW_x = 1.37 * kept.x.T @ flat"),
    ),
    "the first feature is not used in the gradient of W_x": (
        Edit(
            file="rnn.py",
            old="        dW_h = kept.states",
            new="        dW_x[0] = 0\n        dW_h = kept.states",
        ),
    ),
    "tanh by a polynomial": (
        Edit(
            file="rnn.py",
            old="            _activations.apply(self.activation, states[t])",
            new="            states[t] -= states[t] ** 3 / 3",
        ),
    ),
    "the recurrence is damped by 0.9 in the backward": (
        Edit(
            file="rnn.py",
            old="            da[t] *= slope[t]\n",
            new="            da[t] *= 0.9 * slope[t]\n",
        ),
    ),
    "noise on the gradient of b": (
        Edit(
            file="rnn.py",
            old="db = flat.sum(axis=0)",
            new="db = flat.sum(axis=0) * (1 + 1e-6 * np.arange(self.n_nodes))",
        ),
    ),
    "every second row is left out of the gradient of W_h": (
        Edit(
            file="rnn.py",
            old="        db = flat.sum(axis=0)",
            new="        db = flat.sum(axis=0)\n        odd = da.copy()\n"
            "        odd[:, ::2] = 0\n"
            "        dW_h = kept.states[:-1].reshape(-1, self.n_nodes).T"
            " @ odd.reshape(-1, self.n_nodes)",
        ),
    ),
    "rows of the gradient of x in another order": (
        Edit(
            file="rnn.py",
            old="return dW_x, dW_h, db, np.ascontiguousarray(dx)",
            new="return dW_x, dW_h, db, np.ascontiguousarray(dx[::-1])",
        ),
    ),
    "label smoothing in the gradient": (
        Edit(
            file="loss.py",
            old="    p[rows, labels] -= 1\n",
            new="    p[rows, labels] -= 0.9\n    p -= 0.1 / logits.shape[1]\n",
        ),
    ),
    "the head's weights are updated with the square of the gradient": (
        Edit(
            file="classifier.py",
            old="weight - self.lr * self.grads[name]",
            new="weight - self.lr * self.grads[name] ** 2",
        ),
    ),
    "the logits are divided by a temperature": (
        Edit(
            file="classifier.py",
            old="hidden[:, -1] @ W_out + b_out",
            new="(hidden[:, -1] @ W_out + b_out) / 1.5",
        ),
    ),
    "an entry of W_h is read wrongly": (
        Edit(
            file="rnn.py",
            old="        W_x, W_h, b = self._weights()\n        batch, steps, f",
            new="        W_x, W_h, b = self._weights()\n        W_h = W_h.copy()\n"
            "        W_h[0, -1] += 1e-5\n        batch, steps, f",
        ),
    ),
}
