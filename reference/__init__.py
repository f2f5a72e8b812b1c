"""What is true of a case: the equations, their noise, their exact values, their mistakes.

In: a `Case`. Out: traces - a framework's, the textbook's, the textbook's with a mistake in it - and
how far rounding, or doubt, reaches around each of their entries.
"""
