"""Reproducing: in goes a failing verdict; out come folders and ids that show the failure again.

`save` writes a case and `load` reads it back, believing nothing; `shrink` looks for the smallest
configuration that fails in the same way.
"""
