"""The gate: a subject judged over a whole grid of configurations, from a test run or from code.

In: a subject and the name of a grid. Out: failing tests that say what is wrong, or a result whose
`.passed` says it. `settings`, `once` and `tally` import nothing heavy: the pytest plugin loads in
every project in which this package is installed.
"""
