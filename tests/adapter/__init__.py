"""Somebody's class is adapted: found out, judged, written down as a file."""
