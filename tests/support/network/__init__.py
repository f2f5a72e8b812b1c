"""A network of one layer, as a course would end with it: what mistakes are planted into.

Right as it stands. It stays as it is, whatever becomes of `scratch`: every line of it that an edit
of `tests.support.planted` replaces is one that somebody has written wrongly.
"""

from tests.support.network.subject import run

__all__ = ["run"]
