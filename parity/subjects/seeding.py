"""Seeding: the author's own draws, from the same seed each time.

A file that is loaded twice, and an object that is made twice, then have the same values.
"""

import contextlib
import itertools
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import bit_generator

SEED = 1990
"""The seed of everything that an author draws."""


@contextlib.contextmanager
def seeded() -> Iterator[None]:
    """Seed Python's, NumPy's and, if it is loaded, PyTorch's global draws; put them back after it.

    A NumPy generator without a seed, `default_rng()` or `RandomState()`, is seeded as well: the
    generators of one block differ from each other, and are the same in the next block.
    """
    state, numpy_state = random.getstate(), np.random.get_state()
    torch_state = None if (torch := _torch()) is None else torch.get_rng_state()
    entropy = getattr(bit_generator, "randbits", None)  # the system's, for generators without seed
    count = itertools.count(SEED)
    try:
        if entropy is not None:
            vars(bit_generator)["randbits"] = lambda _bits: next(count)
        random.seed(SEED)
        np.random.seed(SEED)
        seed_torch()
        yield
    finally:
        if entropy is not None:
            vars(bit_generator)["randbits"] = entropy
        random.setstate(state)
        np.random.set_state(numpy_state)
        if torch is not None:
            torch.set_rng_state(torch_state)


def seed_torch() -> None:
    """Seed PyTorch's draws, if it is loaded: a subject may import it within the block."""
    if (torch := _torch()) is not None:
        torch.manual_seed(SEED)


def _torch() -> Any:
    """Return PyTorch if it is loaded in full, else None."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "manual_seed") and hasattr(torch, "get_rng_state") else None
