"""The noise floor: how far rounding moves each entry of a correct answer.

In: a case, and a number of jittered copies. Out: a `Floor`, a standard deviation for every entry.
"""
