"""Cases: in go configurations, seeds and grids; out come the arrays that a run starts from.

Everything random in the harness is drawn here, by generators that a configuration's id seeds.
"""
