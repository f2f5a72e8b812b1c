"""Subjects. In: the name of a file, a module or an object. Out: what it contains.

This room finds and loads somebody's code and reads its options. It does not run the code on a case.
"""
