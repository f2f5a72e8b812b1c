"""RNNs as their authors left them: 118 files and tables of what is true of each.

They are written in the manner of what is found in the wild - other names, other layouts, other
losses, demonstrations at the end - and an adapter is measured by them: whether it finds its way
in, accuses none that is right, and names what is wrong with the others.

Right means right under its own convention: the gradient is the derivative of its own loss.
"""

from tests.support.implementations._blind_dev import BLIND_DEV
from tests.support.implementations._blind_held import BLIND_HELD
from tests.support.implementations._developed import DEVELOPED
from tests.support.implementations._held_out import HELD_OUT
from tests.support.implementations._implementation import GROUPS, Implementation

__all__ = ["GROUPS", "IMPLEMENTATIONS", "Implementation"]

IMPLEMENTATIONS = (*DEVELOPED, *HELD_OUT, *BLIND_DEV, *BLIND_HELD)
