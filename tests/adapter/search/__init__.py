"""Tests of the search for bindings."""
