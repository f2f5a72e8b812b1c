"""Once: work that only one of the processes of a test run does."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path


class Once:
    """The record of work that this process, or any worker of this run of pytest-xdist, has done."""

    def __init__(self) -> None:
        self._done: set[str] = set()

    def first(self, *what: object) -> bool:
        """Return whether this was not asked for before."""
        key = hashlib.sha256(repr(what).encode()).hexdigest()
        if key in self._done:
            return False
        self._done.add(key)
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
        return run is None or _first_to_make(shared(run) / key)


def shared(run: str) -> Path:
    """Return the folder that all workers of a run of pytest-xdist share, by the run's id."""
    return Path(tempfile.gettempdir()) / f"parity-run-{run}"


def forget(run: str) -> None:
    """Remove the shared folder of a run's workers, after the run."""
    shutil.rmtree(shared(run), ignore_errors=True)


def _first_to_make(path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
