"""From somebody's class or functions to a `run(case)`: by asking and looking.

In: what `parity.subjects` has found under a name. Out: a `Subject`, and its adapter as a file.
"""
