"""Somebody's code is found, read and loaded, and the harness learns how to ask it."""
