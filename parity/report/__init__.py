"""Reports. In: verdicts, diagnoses and training runs. Out: text, JSON or a picture.

One file for each kind of output. Nothing is computed here.
"""
