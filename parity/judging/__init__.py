"""Judging: in go a subject, a case and a reference; out comes a Verdict.

The comparator holds each array against the reference's in units of noise. The other files look at
what needs no reference: relations between answers, single steps, patterns of all differences.
"""
