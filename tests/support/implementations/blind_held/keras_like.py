import numpy as np


class SimpleCell:
    """One step. state is a list with one array, as in the library this is modelled on."""

    def __init__(self, units, use_bias=True):
        self.units = units
        self.use_bias = use_bias
        self.state_size = [units]

    def build(self, input_dim, rng):
        self.kernel = rng.uniform(-0.5, 0.5, (input_dim, self.units))
        self.recurrent_kernel = np.linalg.qr(rng.normal(size=(self.units, self.units)))[0]
        self.bias = np.zeros(self.units) if self.use_bias else None

    def call(self, inputs, states):
        prev = states[0]
        z = inputs @ self.kernel + prev @ self.recurrent_kernel
        if self.use_bias:
            z = z + self.bias
        out = np.tanh(z)
        return out, [out], (inputs, prev, out)

    def zero_gradients(self):
        self.d_kernel = np.zeros_like(self.kernel)
        self.d_recurrent_kernel = np.zeros_like(self.recurrent_kernel)
        self.d_bias = np.zeros(self.units)

    def grad(self, d_out, d_states, ctx):
        """d_out: from the layer's output at this step; d_states: from the following step."""
        inputs, prev, out = ctx
        d = (d_out + d_states[0]) * (1 - np.square(out))
        self.d_kernel += inputs.T @ d
        self.d_recurrent_kernel += prev.T @ d
        if self.use_bias:
            self.d_bias += d.sum(axis=0)
        return d @ self.kernel.T, [d @ self.recurrent_kernel.T]


class RNN:
    """Loops a cell over axis 1 of (batch, steps, features)."""

    def __init__(self, cell, return_sequences=False, go_backwards=False, seed=0):
        self.cell = cell
        self.return_sequences = return_sequences
        self.go_backwards = go_backwards
        self.rng = np.random.default_rng(seed)
        self.built = False

    def __call__(self, x, initial_state=None):
        if not self.built:
            self.cell.build(x.shape[-1], self.rng)
            self.built = True
        if self.go_backwards:
            x = x[:, ::-1]
        states = initial_state or [np.zeros((len(x), s)) for s in self.cell.state_size]
        self.contexts, outs = [], []
        for t in range(x.shape[1]):
            out, states, ctx = self.cell.call(x[:, t], states)
            outs.append(out)
            self.contexts.append(ctx)
        # with go_backwards the sequence comes out reversed, too
        return np.stack(outs, axis=1) if self.return_sequences else out

    def backprop(self, d):
        self.cell.zero_gradients()
        steps = len(self.contexts)
        d_states = [np.zeros((len(d), s)) for s in self.cell.state_size]
        dx = [None] * steps
        for t in reversed(range(steps)):
            if self.return_sequences:
                d_out = d[:, t]
            elif t == steps - 1:
                d_out = d
            else:
                d_out = 0
            dx[t], d_states = self.cell.grad(d_out, d_states, self.contexts[t])
        self.d_initial_state = d_states
        dx = np.stack(dx, axis=1)
        return dx[:, ::-1] if self.go_backwards else dx

    def apply_gradients(self, lr):
        c = self.cell
        c.kernel -= lr * c.d_kernel
        c.recurrent_kernel -= lr * c.d_recurrent_kernel
        if c.use_bias:
            c.bias -= lr * c.d_bias


class Sequential:
    def __init__(self, layers):
        self.layers = layers

    def predict(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def train_on_batch(self, x, y, lr):
        out = self.predict(x)
        d = (out - y) / len(x)
        for layer in reversed(self.layers):
            d = layer.backprop(d)
            layer.apply_gradients(lr)
        return 0.5 * np.sum((out - y) ** 2) / len(x)


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    x = rng.normal(size=(64, 6, 3))
    y = np.tanh(x[:, 0] - x[:, 3])
    model = Sequential([RNN(SimpleCell(24), return_sequences=True),
                        RNN(SimpleCell(3, use_bias=False), go_backwards=True, seed=1)])
    for i in range(401):
        loss = model.train_on_batch(x, y, 0.1)
        if i % 100 == 0:
            print(i, loss)
