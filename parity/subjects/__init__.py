"""Subjects: in goes the name of a file, a module or an object; out comes what is in it.

Somebody's code is found and loaded here, and what it can be asked is read. It is not run on a case.
"""
