"""The frozen values that everything else passes on, and nothing that runs a network.

In: ids, options and arrays. Out: a Config, a Case, a Trace, and the results of judging: Comparison,
Finding and Verdict. The text of an array's name is parsed here, into an ArrayName.
"""
