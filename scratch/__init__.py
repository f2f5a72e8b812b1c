"""A recurrent network by hand, in NumPy alone: the thing under test."""

from scratch._activations import relu
from scratch._check import DtypeError, ShapeError
from scratch.classifier import ScratchSimpleRNNClassifier
from scratch.clipping import clip_by_norm, clip_by_value
from scratch.loss import softmax, softmax_cross_entropy
from scratch.optimizer import SGD
from scratch.pooling import Pooled, pool
from scratch.rnn import SimpleRNN
from scratch.sequence_classifier import SequenceClassifier
from scratch.stacked import RNN
from scratch.subject import OPTIONS, run

__all__ = [
    "OPTIONS",
    "RNN",
    "SGD",
    "DtypeError",
    "Pooled",
    "ScratchSimpleRNNClassifier",
    "SequenceClassifier",
    "ShapeError",
    "SimpleRNN",
    "clip_by_norm",
    "clip_by_value",
    "pool",
    "relu",
    "run",
    "softmax",
    "softmax_cross_entropy",
]
