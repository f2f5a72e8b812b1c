"""PlainNetwork: all that the harness asks of a recurrent network, in plain NumPy, stage by stage.

Written to be read: every stage is a method of a few lines with its equation in the docstring. A
mutant is this network with another stage in the place of one of them (`tests.support.mutants`).
"""

from tests.support.plain.cell import Pass
from tests.support.plain.network import PlainNetwork

__all__ = ["Pass", "PlainNetwork"]
