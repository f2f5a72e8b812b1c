"""A small neural network library."""
from .layers import Linear, Recurrent

__all__ = ["Linear", "Recurrent"]
