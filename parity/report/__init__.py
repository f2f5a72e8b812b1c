"""Reports: in go verdicts, diagnoses and training runs; out comes text, JSON or a picture.

One file for each kind of output. Nothing is computed here.
"""
