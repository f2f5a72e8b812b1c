"""Whether scratch has become slower: the training step now against that of another revision.

`python -m benchmarks.regression [REV] [--json FILE]`: both are imported into one process and timed
in turn, on the shapes of `benchmarks.speed`, one thread, in CPU time. Without REV it is the latest
tag, or else the commit before scratch was last changed. Exit status 1 when the geometric mean of
the ratios is above 1.1.
"""

import importlib
import io
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from benchmarks import report, threads
from benchmarks.peers import ours
from benchmarks.report import Report
from benchmarks.shapes import ALL, drawn
from benchmarks.timing import medians

ROOT = Path(__file__).parent.parent
THEN = "scratch_then"
MOST = 1.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the ratio at every shape, and their geometric mean; return the exit status."""
    parser = report.parser("regression", __doc__)
    parser.add_argument("rev", nargs="?", help="a revision of git")
    given = parser.parse_args(arguments)
    threads.limit(1)
    rev = given.rev or earlier()
    said = Report(f"scratch's training step, now / at {rev}")
    with tempfile.TemporaryDirectory() as folder:
        mean = statistics.geometric_mean(_ratios(said, package(rev, Path(folder))))
    said.figure("geometric mean", mean, most=MOST)
    said.write(given.json)
    return 0 if said.figures[-1].met else 1


def _ratios(said: Report, then: ModuleType) -> Iterator[float]:
    """Yield the ratio at every shape and dtype."""
    for shape, dtype in ALL:
        case = drawn(shape, dtype)
        new, old = ours.training_step(case), ours.training_step(case, then)
        seconds = medians(new, old, seconds=0.4, least=7, clock=time.process_time)
        ratio = seconds[0] / seconds[1]
        said.row(f"{shape!s:20}{dtype:8}{ratio:6.2f}", shape=shape, dtype=dtype, seconds=seconds)
        yield ratio


def earlier() -> str:
    """Return the latest tag, or the last commit with another scratch than this one."""
    if tags := _git("tag", "--merged", "HEAD", "--sort=-creatordate").split():
        return tags[0]
    changed = _git("status", "--porcelain", "--", "scratch")
    touched = _git("log", "-2", "--format=%h", "--", "scratch").split()
    return touched[0] if changed else touched[-1]


def package(rev: str, folder: Path) -> ModuleType:
    """Return scratch as it was at `rev`, written to `folder` and imported under another name.

    Raises SystemExit when git has no such revision, or the revision has no scratch.
    """
    try:
        archive = _git_bytes("archive", "--format=tar", rev, "scratch")
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.stderr.decode().strip()) from error
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    for file in (folder / "scratch").rename(folder / THEN).glob("**/*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"\bfrom scratch\b", f"from {THEN}", text), encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(THEN)
    finally:
        sys.path.remove(str(folder))


def _git(*command: str) -> str:
    return _git_bytes(*command).decode()


def _git_bytes(*command: str) -> bytes:
    done = subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
