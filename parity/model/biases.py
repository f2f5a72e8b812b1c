"""Biases: the two of a network that has two, as PyTorch's nn.RNN does; a case has their sum.

A subject may answer `grad/b_hh` and `step/b_hh` beside `grad/b` and `step/b`, for each layer and
direction. The loss has the same gradient by either. Each step starts from that bias' own share.
"""

from parity.model.case import Array


def shares(b: Array) -> tuple[Array, Array]:
    """Return two arrays that differ, and whose sum is exactly `b`: a quarter and the rest.

    The rest r = fl(3/4 b) is within [b/2, 2b], so b - r is exact (Sterbenz 1974, theorem 4.3.1),
    and so is the sum.
    """
    rest: Array = (b * b.dtype.type(0.75)).astype(b.dtype)
    return b - rest, rest
