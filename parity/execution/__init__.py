"""Execution. In: a subject and a case. Out: its answers, and findings about how it behaves.

A named subject runs in its own process, which it may hang, crash or fill without harm. This
protects from accidents and from simple cheating. It is not a sandbox for hostile code: the
subject's process has the user's rights, files and network.
"""

from parity.execution.limits import Limits
from parity.execution.process import Process, closed, isolated

__all__ = ["Limits", "Process", "closed", "isolated"]
