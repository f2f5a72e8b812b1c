"""Running: a binding, executed on a case.

In: a binding, the module that it is of, a case. Out: the arrays that the network answers.
"""
