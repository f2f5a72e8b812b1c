"""Search: proposes bindings of somebody's code, runs them on a probing case, and looks.

In: a module and the name of a class or function in it. Out: a `Binding`, each item of which is
certain, likely or open, or the reason why there is none. Budgets count attempts.
"""
