"""The grid's tests, one file a chapter: `pytest --parity-subject SUBJECT` runs them anywhere."""
