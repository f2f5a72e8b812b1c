"""The values that every room passes on: Config, Case, Comparison."""
