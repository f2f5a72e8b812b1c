"""What tests and benchmarks share: a plain network, its mutants, other people's implementations."""
