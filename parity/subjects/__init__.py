"""Somebody's code: found, imported, and what it can be asked.

In: a name, as `my_rnn.py:Layer`. Out: what stands under it, with the statements that were left out;
and `Subject`, which everything behind asks.
"""
