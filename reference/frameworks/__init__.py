"""The frameworks that a subject is compared with, one folder each, imported when asked for.

In: a case. Out: the framework's own trace of it.
"""
