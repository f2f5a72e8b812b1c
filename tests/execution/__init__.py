"""A subject in its own process: its limits, the wire, and the things it does there."""
