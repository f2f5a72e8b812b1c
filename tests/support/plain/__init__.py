"""PlainNetwork: everything that the harness can ask for, in plain NumPy, stage by stage.

Every stage is a method of a few lines with its equation in the docstring. A mutant is this network
with one stage replaced (`tests.support.mutants`).
"""

from tests.support.plain.cell import Pass
from tests.support.plain.network import PlainNetwork

__all__ = ["Pass", "PlainNetwork"]
