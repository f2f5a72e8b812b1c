import numpy as np

ACTIVATIONS = {
    'tanh': (np.tanh, lambda out: 1.0 - out ** 2),
    'relu': (lambda z: np.maximum(z, 0.0), lambda out: (out > 0).astype(out.dtype)),
}


class Layer:
    built = False

    def __call__(self, *args, **kwargs):
        return self.call(*args, **kwargs)


class SimpleRNNLayer(Layer):
    """Fully-connected RNN where the output is fed back to the input.

    inputs: (batch, timesteps, features). Returns (batch, timesteps, units) with
    return_sequences=True, else the last output, (batch, units). `backward` takes
    the gradient of what was returned; the weights' gradients are in `grads`.
    """

    def __init__(self, units, activation='tanh', return_sequences=False, seed=None):
        self.units = units
        self.activation, self.derivative = ACTIVATIONS[activation]
        self.return_sequences = return_sequences
        self.initial_state = None
        self.rng = np.random.default_rng(seed)

    def build(self, input_shape):
        dim = input_shape[-1]
        limit = np.sqrt(6 / (dim + self.units))
        self.kernel = self.rng.uniform(-limit, limit, (dim, self.units))
        q, _ = np.linalg.qr(self.rng.normal(size=(self.units, self.units)))
        self.recurrent_kernel = q
        self.bias = np.zeros(self.units)
        self.built = True

    def call(self, inputs):
        if not self.built:
            self.build(inputs.shape)
        self.inputs = inputs
        if self.initial_state is None:
            state = np.zeros((inputs.shape[0], self.units))
        else:
            state = self.initial_state
        self.states = [state]
        for step in range(inputs.shape[1]):
            state = self.activation(inputs[:, step] @ self.kernel
                                    + state @ self.recurrent_kernel + self.bias)
            self.states.append(state)
        if self.return_sequences:
            return np.stack(self.states[1:], axis=1)
        return state

    def backward(self, grad):
        inputs = self.inputs
        if not self.return_sequences:
            full = np.zeros(inputs.shape[:2] + (self.units,))
            full[:, -1] = grad
            grad = full
        self.grads = {'kernel': np.zeros_like(self.kernel),
                      'recurrent_kernel': np.zeros_like(self.recurrent_kernel),
                      'bias': np.zeros_like(self.bias)}
        input_grad = np.zeros(inputs.shape)
        carry = 0.0
        for step in range(inputs.shape[1] - 1, -1, -1):
            delta = (grad[:, step] + carry) * self.derivative(self.states[step + 1])
            self.grads['kernel'] += inputs[:, step].T @ delta
            self.grads['recurrent_kernel'] += self.states[step].T @ delta
            self.grads['bias'] += delta.sum(0)
            input_grad[:, step] = delta @ self.kernel.T
            carry = delta @ self.recurrent_kernel.T
        return input_grad
