"""The frameworks that a subject is compared with, one folder each, imported when they are needed.

In: the name of a framework. Out: its `Reference`, which runs a case.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.reference.base import Reference


def framework(name: str = "pytorch") -> "Reference":
    """Import a framework's package, and return its reference."""
    reference: Reference = getattr(importlib.import_module(f"{__name__}.{name}"), name)
    return reference
