"""Tests of the search for a binding."""
