"""How a property is tested: the same examples on every machine, and no clock."""

from hypothesis import settings

repeatable = settings(derandomize=True, max_examples=50, deadline=None, database=None)
"""Fifty examples that depend on the test alone; a slow one is no failure, and none is kept."""
