"""`python -m benchmarks [--json FILE]`: every figure of speed, each beside its limit.

Each benchmark has its own process, so that no threads, caches or modules of another one are left.
The last line reports which limits are not met. A benchmark does not fail.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import threads

THREADS = [n for n in (1, 2) if n <= threads.available()]
BENCHMARKS = (
    *(["speed", "--threads", str(n)] for n in THREADS),
    ["overhead"],
    ["products"],
    ["memory"],
    ["configurations"],
    ["startup"],
)


def told(benchmark: list[str], folder: Path) -> dict[str, Any]:
    """Run one benchmark, which prints its figures, and return them."""
    name, *arguments = benchmark
    file = folder / f"{name}.json"
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments, "--json", str(file)]
    subprocess.run(command, check=True)
    print()
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Run them all, and report which limits are not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it there too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reports = [told(benchmark, Path(folder)) for benchmark in BENCHMARKS]
    if given.json is not None:
        machine = {"processor": platform.machine(), "system": platform.platform()}
        everything = {"machine": machine, "benchmarks": reports}
        given.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    figures = [figure for found in reports for figure in found["figures"]]
    asked = [f for f in figures if f["most"] is not None or f["least"] is not None]
    missed = [f"{f['name']} {f['value']:.2f}" for f in asked if not f["met"]]
    for found in reports:
        if found["skipped"]:
            print(f"no figures, {found['skipped']}: {found['title']}")
    print(f"{len(asked) - len(missed)} of {len(asked)} limits are met", end="")
    print("; not met:\n  " + "\n  ".join(missed) if missed else "")


if __name__ == "__main__":
    main()
