"""The gate judges a subject over a whole grid of configurations, from a test run or from code.

In: a subject and the name of a grid. Out: failing tests that say what is wrong, or a result with
`.passed`. `settings`, `once` and `tally` import nothing heavy: the pytest plugin loads in every
project in which this package is installed.
"""
