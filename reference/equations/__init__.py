"""The textbook equations, written once, plainly; the arithmetic is a parameter.

In: a `Case` and an arithmetic. Out: its trace in the arithmetic's own numbers. Everything is a
matrix with one row per sequence; time is a Python list. The stages are methods, so that a
deliberate mistake can replace some of them; they keep no state from one call to the next. They are
written independently of `scratch`: one step at a time, and gradients are summed from the last step
to the first.

Source: Elman 1990 (forward); Schuster and Paliwal 1997 (bidirectional); Werbos 1990,
"Backpropagation through time"; PyTorch `nn.RNN`, `CrossEntropyLoss` and `SGD` documentation for
the conventions (mean over the batch, relu'(0) = 0).
"""

from parity.reference.equations.given import Given
from parity.reference.equations.textbook import Textbook

__all__ = ["Given", "Textbook"]
