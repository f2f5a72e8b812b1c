"""The noise floor: how far rounding moves each entry of a right answer.

In: a `Case` and a number of jittered copies. Out: a `Floor`, with sigma for every entry.
"""
