"""`python -m benchmarks`: every benchmark, one after the other."""

from benchmarks import startup, training_step, whole_grid

for benchmark in (training_step, startup, whole_grid):
    benchmark.main()
    print()
