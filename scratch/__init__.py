"""A recurrent network by hand, in NumPy alone: the thing under test."""

from scratch._activations import relu
from scratch._check import DtypeError, ShapeError
from scratch.classifier import ScratchSimpleRNNClassifier
from scratch.loss import softmax, softmax_cross_entropy
from scratch.rnn import SimpleRNN
from scratch.stacked import RNN
from scratch.subject import run

__all__ = [
    "RNN",
    "DtypeError",
    "ScratchSimpleRNNClassifier",
    "ShapeError",
    "SimpleRNN",
    "relu",
    "run",
    "softmax",
    "softmax_cross_entropy",
]
