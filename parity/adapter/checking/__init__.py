"""Checking: a binding and one run of it in, the complete binding or the first mistake in it out."""
