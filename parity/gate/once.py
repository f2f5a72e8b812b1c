"""Once: who comes first in a test run, where several processes share it."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path


class Once:
    """What was done already: in this process, or by any worker of this run of pytest-xdist."""

    def __init__(self) -> None:
        self._done: set[str] = set()

    def first(self, *what: object) -> bool:
        """Return whether nobody has asked for this before."""
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
    """Remove what the workers of a run have shared, once it is over."""
    shutil.rmtree(shared(run), ignore_errors=True)


def _first_to_make(path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
