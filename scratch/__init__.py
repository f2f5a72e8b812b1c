"""A recurrent network by hand, in NumPy alone: the code under test."""

from ._activations import relu
from ._check import DtypeError, ShapeError
from .classifier import ScratchSimpleRNNClassifier
from .clipping import clip_by_norm, clip_by_value
from .loss import softmax, softmax_cross_entropy
from .optimizer import SGD
from .pooling import Pooled, pool
from .rnn import SimpleRNN
from .sequence_classifier import SequenceClassifier
from .stacked import RNN
from .subject import OPTIONS, run

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
