"""Subjects. In: the name of a file, a module or an object. Out: what it contains.

A user's code is found and loaded here, and its options are read. It is not run on a case.
"""
