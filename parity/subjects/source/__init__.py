"""Source. In: a script or a notebook. Out: a module that has what the file defines.

Its statements are executed one by one (`reader`), if they define something (`definitions`), with
imports of their own (`importing`) and stand-ins for what is not there (`stand_ins`).
"""

from parity.subjects.source.reader import Source, read

__all__ = ["Source", "read"]
