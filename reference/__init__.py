"""The truth about a case: the equations, their noise, their exact values, their mistakes.

In: a `Case`. Out: traces - a framework's, the textbook's, the textbook's with a mistake - and for
each of their entries how far rounding moves it, or how certain it is.
"""
