"""The exact value: ball arithmetic for whole cases, and one step at a time.

In: a `Case`, or a subject's own trace. Out: `Exact`, the true arrays; `Step`, what one step should
have been.
"""
