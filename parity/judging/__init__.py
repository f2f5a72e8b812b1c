"""Judging. In: a subject, a case and a reference. Out: a Verdict.

The comparator compares each array with the reference's, in units of noise. The other files need no
reference: they check relations between answers, single steps, and patterns of all differences.
"""
