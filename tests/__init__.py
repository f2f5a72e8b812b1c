"""The grid, which is what a user runs, and the harness's own tests."""
