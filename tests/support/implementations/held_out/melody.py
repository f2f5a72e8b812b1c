# Which key is the melody in? Piano roll in, one of the keys out.
import numpy as np


class MelodyNet(object):

    def __init__(self, notes, neurons, keys):
        r = np.random.RandomState(88)
        self.weights = (
            r.randn(notes, neurons) * 0.05,      # note -> neuron
            r.randn(neurons, neurons) * 0.05,    # neuron -> neuron
            r.randn(neurons, keys) * 0.05,       # neuron -> key
        )
        self.biases = (np.zeros((1, neurons)), np.zeros((1, keys)))

    def play(self, roll):
        """roll: (melodies, beats, notes). Scores of the keys and the memory of all beats."""
        W1, W2, W3 = self.weights
        b1, b2 = self.biases
        melodies, beats, _ = roll.shape
        memory = np.zeros((melodies, beats + 1, W2.shape[0]))     # memory[:, 0]: silence
        for beat in range(beats):
            memory[:, beat + 1] = np.tanh(roll[:, beat].dot(W1) + memory[:, beat].dot(W2) + b1)
        scores = memory[:, beat].dot(W3) + b2
        return scores, memory

    def surprise(self, scores, key):
        """Mean cross entropy and its gradient by the scores"""
        s = scores - scores.max(axis=1)[:, None]
        logp = s - np.log(np.exp(s).sum(axis=1))[:, None]
        d = np.exp(logp)
        d[np.arange(key.size), key] -= 1
        return -logp[np.arange(key.size), key].mean(), d / key.size

    def rewind(self, roll, memory, d_scores):
        W1, W2, W3 = self.weights
        beats = roll.shape[1]
        dW3 = memory[:, beats - 1].T.dot(d_scores)
        db2 = d_scores.sum(axis=0, keepdims=True)
        dW1, dW2, db1 = np.zeros(W1.shape), np.zeros(W2.shape), np.zeros(self.biases[0].shape)
        d_memory = d_scores.dot(W3.T)
        for beat in range(beats - 1, -1, -1):
            d_in = d_memory * (1 - memory[:, beat + 1] ** 2)
            dW1 += roll[:, beat].T.dot(d_in)
            dW2 += memory[:, beat].T.dot(d_in)
            db1 += d_in.sum(axis=0, keepdims=True)
            d_memory = d_in.dot(W2.T)
        return (dW1, dW2, dW3), (db1, db2)

    def practise(self, roll, key, tempo=0.1):
        scores, memory = self.play(roll)
        loss, d_scores = self.surprise(scores, key)
        d_weights, d_biases = self.rewind(roll, memory, d_scores)
        self.weights = tuple(w - tempo * d for w, d in zip(self.weights, d_weights))
        self.biases = tuple(b - tempo * d for b, d in zip(self.biases, d_biases))
        return loss


net = MelodyNet(12, 20, 3)
rolls = (np.random.RandomState(1).rand(9, 8, 12) < 0.2).astype(float)
labels = np.arange(9) % 3
for lesson in range(20):
    loss = net.practise(rolls, labels)
print("after 20 lessons: %.3f" % loss)
