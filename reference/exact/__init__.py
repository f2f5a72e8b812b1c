"""The exact values: ball arithmetic, and the expected value of each step.

In: a case, and a subject's trace if its own steps are checked. Out: values that are certain to
2**-70 of an array's largest entry, or the expected value and the gauge of every step.
"""
