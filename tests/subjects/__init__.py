"""Somebody's code found, read and loaded, and what it can be asked."""
