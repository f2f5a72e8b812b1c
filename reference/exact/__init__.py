"""The exact values: ball arithmetic, and what each step should have been.

In: a case, and a subject's trace where its own steps are checked. Out: values that are certain to
2**-70 of an array's largest entry, or the expected value and the gauge of every step.
"""
