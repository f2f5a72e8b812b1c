import numpy as np


class FullyConnected:
    """Weights hold the bias as their last row; the input gets a column of ones."""

    def __init__(self, input_size, output_size):
        self.input_size = input_size
        self.output_size = output_size
        self.weights = np.random.rand(input_size + 1, output_size)
        self._gradient_weights = None
        self._optimizer = None
        self.input_tensor = None

    def forward(self, input_tensor):
        ones = np.ones((input_tensor.shape[0], 1))
        self.input_tensor = np.concatenate([input_tensor, ones], axis=1)
        return self.input_tensor @ self.weights

    def backward(self, error_tensor):
        self._gradient_weights = self.input_tensor.T @ error_tensor
        previous = error_tensor @ self.weights[:-1].T
        if self._optimizer is not None:
            self.weights = self._optimizer.calculate_update(self.weights, self._gradient_weights)
        return previous

    @property
    def gradient_weights(self):
        return self._gradient_weights


class TanH:
    def __init__(self):
        self.activation = None

    def forward(self, input_tensor):
        self.activation = np.tanh(input_tensor)
        return self.activation

    def backward(self, error_tensor):
        return (1 - np.square(self.activation)) * error_tensor


class Sgd:
    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def calculate_update(self, weight_tensor, gradient_tensor):
        return weight_tensor - self.learning_rate * gradient_tensor


class RNN:
    """Elman cell. The batch dimension of the input is time: (time, input_size)."""

    def __init__(self, input_size, hidden_size, output_size):
        self.trainable = True
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size
        self.hidden_state = np.zeros(hidden_size)
        self._memorize = False
        self._optimizer = None
        self.fc_hidden = FullyConnected(input_size + hidden_size, hidden_size)
        self.fc_output = FullyConnected(hidden_size, output_size)
        self.tanh = TanH()
        self._gradient_weights = None
        self.gradient_weights_output = None

    def forward(self, input_tensor):
        if not self._memorize:
            self.hidden_state = np.zeros(self.hidden_size)
        steps = input_tensor.shape[0]
        output = np.zeros((steps, self.output_size))
        self.store = []
        for t in range(steps):
            joined = np.concatenate([input_tensor[t], self.hidden_state]).reshape(1, -1)
            activated = self.tanh.forward(self.fc_hidden.forward(joined))
            self.hidden_state = activated[0]
            output[t] = self.fc_output.forward(activated)[0]
            self.store.append((self.fc_hidden.input_tensor, activated, self.fc_output.input_tensor))
        return output

    def backward(self, error_tensor):
        steps = error_tensor.shape[0]
        self._gradient_weights = np.zeros_like(self.fc_hidden.weights)
        self.gradient_weights_output = np.zeros_like(self.fc_output.weights)
        gradient_hidden = np.zeros((1, self.hidden_size))
        gradient_input = np.zeros((steps, self.input_size))
        for t in reversed(range(steps)):
            self.fc_hidden.input_tensor, self.tanh.activation, self.fc_output.input_tensor = self.store[t]
            err = self.fc_output.backward(error_tensor[t].reshape(1, -1))
            self.gradient_weights_output += self.fc_output.gradient_weights
            err = self.tanh.backward(err + gradient_hidden)
            err = self.fc_hidden.backward(err)
            self._gradient_weights += self.fc_hidden.gradient_weights
            gradient_input[t] = err[0, :self.input_size]
            gradient_hidden = err[:, self.input_size:]
        if self._optimizer is not None:
            self.weights = self._optimizer.calculate_update(self.weights, self._gradient_weights)
            self.fc_output.weights = self._optimizer.calculate_update(self.fc_output.weights,
                                                                      self.gradient_weights_output)
        return gradient_input

    def initialize(self, scale=0.3):
        for fc in (self.fc_hidden, self.fc_output):
            fc.weights = np.random.normal(0, scale, fc.weights.shape)

    @property
    def weights(self):
        return self.fc_hidden.weights

    @weights.setter
    def weights(self, value):
        self.fc_hidden.weights = value

    @property
    def gradient_weights(self):
        return self._gradient_weights

    @property
    def optimizer(self):
        return self._optimizer

    @optimizer.setter
    def optimizer(self, optimizer):
        self._optimizer = optimizer

    @property
    def memorize(self):
        return self._memorize

    @memorize.setter
    def memorize(self, value):
        self._memorize = value


if __name__ == "__main__":
    np.random.seed(2)
    layer = RNN(1, 8, 1)
    layer.initialize()
    layer.optimizer = Sgd(0.02)
    t = np.arange(26) * 0.4
    series = np.sin(t)[:, None]
    for it in range(401):
        prediction = layer.forward(series[:-1])
        error = prediction - series[1:]
        layer.backward(error)
        if it % 100 == 0:
            print(it, 0.5 * np.sum(error ** 2))
