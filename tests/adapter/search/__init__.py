"""The search finds how somebody's code is asked."""
