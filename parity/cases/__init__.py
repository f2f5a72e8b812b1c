"""Cases. In: configurations, seeds and grids. Out: the arrays that a run starts from.

All random numbers of the harness are drawn here, by generators that a configuration's id seeds.
"""
