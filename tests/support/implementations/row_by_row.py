import numpy as np


def sigma(v):
    return np.tanh(v)


class SequenceClassifier:
    """Easy to read, not fast: everything is a loop and sequences may have different lengths."""

    def __init__(self, features, units, classes):
        # W_in: (features, units), used as x @ W_in; W_rec: (units, units), used as W_rec @ h
        self.W_in = np.random.uniform(-0.1, 0.1, (features, units))
        self.W_rec = np.random.uniform(-0.1, 0.1, (units, units))
        self.W_cls = np.random.uniform(-0.1, 0.1, (classes, units))
        self.b_rec = np.zeros(units)
        self.b_cls = np.zeros(classes)

    def run_one(self, sequence):
        states = [np.zeros(len(self.b_rec))]
        for x in sequence:
            states.append(sigma(x @ self.W_in + self.W_rec @ states[-1] + self.b_rec))
        return states, self.W_cls @ states[-1] + self.b_cls

    def loss_one(self, scores, label):
        top = scores.max()
        return top + np.log(np.exp(scores - top).sum()) - scores[label]

    def loss_and_gradients(self, sequences, labels):
        """Mean loss over the sequences; gradients in the order of the attributes above."""
        dW_in, dW_rec, dW_cls = [np.zeros(w.shape) for w in (self.W_in, self.W_rec, self.W_cls)]
        db_rec, db_cls = np.zeros(self.b_rec.shape), np.zeros(self.b_cls.shape)
        total = 0.0
        for sequence, label in zip(sequences, labels):
            states, scores = self.run_one(sequence)
            total += self.loss_one(scores, label)
            p = np.exp(scores - scores.max())
            p /= p.sum()
            p[label] -= 1
            dW_cls += np.outer(p, states[-1])
            db_cls += p
            dh = self.W_cls.T @ p
            for t in range(len(sequence) - 1, -1, -1):
                da = dh * (1 - states[t + 1] ** 2)
                dW_in += np.outer(sequence[t], da)
                dW_rec += np.outer(da, states[t])
                db_rec += da
                dh = self.W_rec.T @ da
        n = len(sequences)
        return total / n, dW_in / n, dW_rec / n, dW_cls / n, db_rec / n, db_cls / n
