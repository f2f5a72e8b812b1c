# Elman's network on a single sequence, squared error on the output of every step.
import numpy as np
rand = np.random.RandomState(1990)


class SimpleRecurrentNetwork:

    def __init__(self, n_input, n_context, n_output):
        # input->hidden, context->hidden, hidden->output
        self.weights = [
            rand.uniform(-.5, .5, (n_input, n_context)),
            rand.uniform(-.5, .5, (n_context, n_context)),
            rand.uniform(-.5, .5, (n_context, n_output)),
        ]
        self.bias = 0.0    # one threshold, shared by all hidden units

    def propagate(self, sequence, context=None):
        """sequence: (T, n_input). Returns outputs (T, n_output) and hidden states (T, n_context)"""
        U, W, V = self.weights
        if context is None:
            context = np.zeros(W.shape[0])
        self.start = context
        hidden = []
        for x in sequence:
            context = np.tanh(x @ U + context @ W + self.bias)
            hidden.append(context)
        hidden = np.array(hidden)
        return hidden @ V, hidden

    def error(self, sequence, targets):
        outputs, _ = self.propagate(sequence)
        return 0.5 * np.sum((outputs - targets) ** 2)

    def gradients(self, sequence, targets):
        U, W, V = self.weights
        outputs, hidden = self.propagate(sequence)
        previous = np.vstack([self.start, hidden[:-1]])
        delta_out = outputs - targets
        gV = hidden.T @ delta_out
        deltas = np.zeros_like(hidden)
        back = np.zeros(W.shape[0])
        for t in range(len(sequence) - 1, -1, -1):
            deltas[t] = (V @ delta_out[t] + back) * (1 - hidden[t] ** 2)
            back = W @ deltas[t]
        return [sequence.T @ deltas, previous.T @ deltas, gV], deltas.sum()

    def learn(self, sequence, targets, eta=0.1):
        gradients, g_bias = self.gradients(sequence, targets)
        self.weights = [w - eta * g for w, g in zip(self.weights, gradients)]
        self.bias -= eta * g_bias


# XOR in time, as in the paper
bits = rand.randint(0, 2, 60)
stream = []
for i in range(0, 60, 2):
    stream += [bits[i], bits[i + 1], bits[i] ^ bits[i + 1]]
data = np.array(stream, float)[:, None]
net = SimpleRecurrentNetwork(1, 4, 1)
for epoch in range(20):
    net.learn(data[:-1], data[1:], 0.01)
print('error after 20 epochs:', net.error(data[:-1], data[1:]))
