"""Reproducing. In: a failing verdict. Out: folders and ids that show the failure again.

`save` writes a case, and `load` reads it back and checks everything; `shrink` looks for the
smallest configuration that fails in the same way.
"""
