"""How configurations and cases come to be.

In: a `Config`, or the name of a grid. Out: a `Case` with every number drawn, or groups of
configurations that are one test each.
"""
