import numpy as np


def relu(a):
    return np.maximum(a, 0)


# derivatives, as functions of the activated value
DERIVATIVES = {np.tanh: lambda h: 1 - h ** 2, relu: lambda h: (h > 0) * 1.0}


class SimpleRNN:
    """
    Minimal RNN layer with forward and backward (BPTT).
    """
    def __init__(self, n_features, n_nodes, activation=np.tanh, seed=None):
        if seed is not None:
            np.random.seed(seed)
        self.n_features = n_features
        self.n_nodes    = n_nodes
        self.activation = activation

        self.W_x = np.random.randn(n_features, n_nodes) * 0.01
        self.W_h = np.random.randn(n_nodes, n_nodes) * 0.01
        self.b   = np.zeros((n_nodes,))

    def forward(self, x):
        """x: (batch, T, n_features) -> (batch, T, n_nodes)"""
        batch, T, _ = x.shape
        h = np.zeros((batch, self.n_nodes))
        self.x = x
        self.hs = [h]
        for t in range(T):
            h = self.activation(x[:, t, :].dot(self.W_x) + h.dot(self.W_h) + self.b)
            self.hs.append(h)
        return np.stack(self.hs[1:], axis=1)

    def backward(self, dh_out):
        """dh_out: (batch, T, n_nodes), the loss gradient w.r.t. every hidden state"""
        T = dh_out.shape[1]
        dW_x, dW_h, db = np.zeros_like(self.W_x), np.zeros_like(self.W_h), np.zeros_like(self.b)
        dh_next = np.zeros_like(self.hs[0])
        for t in reversed(range(T)):
            dh = dh_out[:, t, :] + dh_next
            da = dh * DERIVATIVES[self.activation](self.hs[t + 1])
            dW_x += self.x[:, t, :].T.dot(da)
            dW_h += self.hs[t].T.dot(da)
            db   += da.sum(axis=0)
            dh_next = da.dot(self.W_h.T)
        # no division here: the loss is already a mean over the batch
        return dW_x, dW_h, db


class ScratchSimpleRNNClassifier:
    def __init__(self, n_features, n_nodes, n_classes, lr=1e-2, activation=np.tanh, seed=None):
        self.rnn   = SimpleRNN(n_features, n_nodes, activation=activation, seed=seed)
        self.W_out = np.random.randn(n_nodes, n_classes) * 0.01
        self.b_out = np.zeros((n_classes,))
        self.lr    = lr
        self.cache = {}

    def forward(self, x):
        h_seq  = self.rnn.forward(x)
        h_last = h_seq[:, -1, :]
        logits = h_last.dot(self.W_out) + self.b_out
        self.cache = {'x': x, 'h_seq': h_seq, 'logits': logits}
        return logits

    def compute_loss_and_grad(self, logits, y_true):
        n = logits.shape[0]
        z = logits - logits.max(axis=1, keepdims=True)
        log_probs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        loss = -log_probs[np.arange(n), y_true].mean()
        dlogits = np.exp(log_probs)
        dlogits[np.arange(n), y_true] -= 1
        return loss, dlogits / n

    def backward(self, y_true):
        loss, dlogits = self.compute_loss_and_grad(self.cache['logits'], y_true)
        h_seq = self.cache['h_seq']
        dh_out = np.zeros_like(h_seq)
        dh_out[:, -1, :] = dlogits.dot(self.W_out.T)
        dW_x, dW_h, db = self.rnn.backward(dh_out)
        self.grads = {'W_x': dW_x, 'W_h': dW_h, 'b': db,
                      'W_out': h_seq[:, -1, :].T.dot(dlogits), 'b_out': dlogits.sum(axis=0)}
        return loss

    def update_params(self):
        self.rnn.W_x -= self.lr * self.grads['W_x']
        self.rnn.W_h -= self.lr * self.grads['W_h']
        self.rnn.b   -= self.lr * self.grads['b']
        self.W_out   -= self.lr * self.grads['W_out']
        self.b_out   -= self.lr * self.grads['b_out']


if __name__ == "__main__":
    np.random.seed(0)
    x = np.random.randn(2, 5, 4)
    y = np.random.randint(0, 3, size=(2,))
    model = ScratchSimpleRNNClassifier(4, 6, 3, lr=1e-2, seed=0)
    for epoch in range(3):
        model.forward(x)
        print("Loss:", model.backward(y))
        model.update_params()
