"""The frameworks that a subject is held against, one folder each, imported when asked for.

In: a case. Out: the framework's own trace of it.
"""
