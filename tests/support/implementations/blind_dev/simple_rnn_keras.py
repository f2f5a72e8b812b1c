"""Keras-flavoured SimpleRNN in plain numpy, with return_sequences."""
import numpy as np


def glorot(shape, rng):
    lim = np.sqrt(6.0 / sum(shape))
    return rng.uniform(-lim, lim, size=shape)


class SimpleRNN:
    def __init__(self, units, return_sequences=False, seed=0):
        self.units = units
        self.return_sequences = return_sequences
        self.rng = np.random.default_rng(seed)
        self.built = False

    def build(self, input_dim):
        self.kernel = glorot((input_dim, self.units), self.rng)
        self.recurrent_kernel = np.linalg.qr(self.rng.normal(size=(self.units, self.units)))[0]
        self.bias = np.zeros(self.units)
        self.built = True

    def call(self, inputs, initial_state=None):
        """inputs (batch, timesteps, features)"""
        if not self.built:
            self.build(inputs.shape[-1])
        batch, steps, _ = inputs.shape
        state = np.zeros((batch, self.units)) if initial_state is None else initial_state
        self._inputs = inputs
        self._states = [state]
        for t in range(steps):
            state = np.tanh(inputs[:, t] @ self.kernel + state @ self.recurrent_kernel + self.bias)
            self._states.append(state)
        if self.return_sequences:
            return np.stack(self._states[1:], axis=1)
        return state

    __call__ = call

    def get_gradients(self, upstream):
        """upstream has the shape of what call() returned"""
        batch, steps, features = self._inputs.shape
        if not self.return_sequences:
            full = np.zeros((batch, steps, self.units))
            full[:, -1] = upstream
            upstream = full
        g_kernel = np.zeros_like(self.kernel)
        g_rec = np.zeros_like(self.recurrent_kernel)
        g_bias = np.zeros_like(self.bias)
        g_in = np.zeros_like(self._inputs)
        g_state = np.zeros((batch, self.units))
        for t in range(steps - 1, -1, -1):
            g = (upstream[:, t] + g_state) * (1 - self._states[t + 1] ** 2)
            g_kernel += self._inputs[:, t].T @ g
            g_rec += self._states[t].T @ g
            g_bias += g.sum(0)
            g_in[:, t] = g @ self.kernel.T
            g_state = g @ self.recurrent_kernel.T
        return {"kernel": g_kernel, "recurrent_kernel": g_rec, "bias": g_bias,
                "inputs": g_in, "initial_state": g_state}

    def apply_gradients(self, grads, learning_rate=0.01):
        self.kernel -= learning_rate * grads["kernel"]
        self.recurrent_kernel -= learning_rate * grads["recurrent_kernel"]
        self.bias -= learning_rate * grads["bias"]


if __name__ == "__main__":
    rng = np.random.default_rng(7)
    X = rng.normal(size=(64, 6, 2))
    y = np.tanh(X.sum(axis=(1, 2), keepdims=False))[:, None]
    rnn = SimpleRNN(1)
    for epoch in range(300):
        pred = rnn(X)
        g = rnn.get_gradients(2 * (pred - y) / len(X))
        rnn.apply_gradients(g, 0.05)
        if epoch % 100 == 0:
            print(epoch, np.mean((pred - y) ** 2))
