"""The frozen values that everything else passes on, and nothing that runs a network.

In go ids, options and arrays; out come a Config, a Case, a Trace, and what judging makes of them:
Comparison, Finding and Verdict. An array's text is parsed here, as an ArrayName.
"""
