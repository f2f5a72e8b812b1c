"""From somebody's class or functions to a `run(case)`: by asking and looking.

In: the object that `parity.subjects` has found. Out: a `Subject`, and its adapter as a file.
"""
