"""The values that everything passes on: Config, Case, Comparison."""
