"""How far the verdict can be trusted: false alarms, power, ablations.

`python -m benchmarks.calibrate [--pairs N] [--power N] [--ablated N] [--workers N] [--seed S]`:
every case is drawn from one integer, which is printed in each line about the case.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import argparse
import itertools
import statistics
from collections.abc import Iterable, Sequence
from functools import partial
from multiprocessing import get_context

from benchmarks.ablations import ABLATIONS
from benchmarks.alarms import FULL, METHODS, Tallies, Tally, judged
from benchmarks.power import MISTAKES, caught, ordinary
from parity.model.comparison import Status
from tests.support.variants import VARIANTS

DTYPES = ("float64", "float32")


def total(parts: Iterable[Tallies]) -> Tallies:
    """Return all tallies as one."""
    sums: Tallies = {}
    for part in parts:
        for key, tally in part.items():
            if key in sums:
                sums[key].merge(tally)
            else:
                sums[key] = tally
    return sums


def tallied(seeds: Sequence[int], methods: Sequence[str], workers: int) -> Tallies:
    """Judge every variant on every sample by these methods."""
    judge = partial(_judged, methods=tuple(methods))
    if workers == 1:
        return total(map(judge, seeds))
    with get_context("spawn").Pool(workers) as pool:
        return total(pool.imap_unordered(judge, seeds, chunksize=8))


def _judged(seed: int, methods: Sequence[str]) -> Tallies:
    return judged(seed, {name: METHODS[name] for name in methods})


def share_caught(name: str, cases: int, seed: int) -> float:
    """Return the share of `cases` ordinary cases in which the mistake is caught.

    The variants take turns in making it.
    """
    mistake = MISTAKES[name]
    samples = itertools.islice(ordinary(mistake, seed), cases)
    runs = itertools.cycle(VARIANTS.values())
    return statistics.mean(caught(mistake, drawn, next(runs)) for drawn in samples)


def print_alarms(tallies: Tallies, pairs: int, implementations: int = len(VARIANTS)) -> None:
    """Print the results of comparing correct code, by dtype."""
    print(f"false alarms: {pairs} judgements of correct code, {implementations} implementations")
    for dtype in DTYPES:
        if (FULL, dtype) not in tallies:
            continue
        tally = tallies[FULL, dtype]
        counts = {status: tally.statuses[status] for status in Status if tally.statuses[status]}
        print(f"  {dtype}: {tally.statuses.total()} arrays, {len(tally.alarms)} false alarms")
        print("    " + ", ".join(f"{count} {status}" for status, count in counts.items()))
        print(f"    median resolution {statistics.median(tally.resolutions):.1e}")
        for name, found in tally.largest.items():
            print(f"    largest z of {name}: {found.z:.1f} by {found.where}")
        for alarm in tally.alarms:
            print(f"    FALSE ALARM z = {alarm.z:.1f} by {alarm.where}")


def print_power(cases: int, seed: int) -> None:
    """Print the share of planted mistakes that is caught, beside its limit."""
    if not cases:
        return
    print(f"power: {cases} ordinary cases for each mistake   caught (asked)")
    for name, mistake in MISTAKES.items():
        wanted = f"({mistake.wanted:.0%})" if mistake.wanted else ""
        print(f"  {name:45} {share_caught(name, cases, seed):7.1%} {wanted}", flush=True)


def print_ablations(tallies: Tallies, cases: int) -> None:
    """Print the results of correct code when a piece of the method is left out."""
    print(
        f"ablations: the first {cases} of these cases   false alarms, largest z (float64, float32)"
    )
    for method in (FULL, *ABLATIONS):
        both = [tallies.get((method, dtype), Tally()) for dtype in DTYPES]
        alarms = sum(len(tally.alarms) for tally in both)
        largest = [max((f.z for f in tally.largest.values()), default=0.0) for tally in both]
        print(f"  {method:25} {alarms:5}   {largest[0]:9.3g} {largest[1]:9.3g}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print all three tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibrate")
    parser.add_argument("--pairs", type=int, default=20_800, help="(case, implementation) pairs")
    parser.add_argument("--power", type=int, default=400, help="cases for each planted mistake")
    parser.add_argument("--ablated", type=int, default=300, help="cases for the ablations")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    given = parser.parse_args(arguments)
    cases = -(-given.pairs // len(VARIANTS))
    seeds = range(given.seed, given.seed + cases)
    print_alarms(tallied(seeds, [FULL], given.workers), cases * len(VARIANTS))
    print_power(given.power, given.seed)
    ablated = min(cases, given.ablated)
    print_ablations(tallied(seeds[:ablated], list(METHODS), given.workers), ablated)


if __name__ == "__main__":
    main()
