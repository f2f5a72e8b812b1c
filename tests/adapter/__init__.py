"""Somebody's class is adapted: the harness finds out how, judges it, and writes it as a file."""
