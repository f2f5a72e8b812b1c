"""A subject in its own process: limits, the wire, and whatever it does there."""
