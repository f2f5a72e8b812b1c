"""All options of nn.RNN, and how many configurations compared each.

`python -m benchmarks.conformance FILE` prints the table of docs/conformance.md from the file that
`pytest --parity-compared FILE` wrote: `make conformance` does both.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parity.model.errors import ConfigError
from parity.reference.frameworks.pytorch.conformance import table


class ReportError(Exception):
    """A file that `pytest --parity-compared` did not write."""


def read(file: Path) -> dict[str, Any]:
    """Return a file's "shares" by configuration and its "undecided" configurations.

    Raises ReportError, in one line, for a file that does not exist or has other content.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError, too
        raise ReportError(f"{file} is not JSON: {error}") from error
    if not _is_report(told):
        writer = "pytest --parity-compared writes both"
        raise ReportError(f'{file} has no "shares" and "undecided": {writer}')
    return dict(told)


def _is_report(told: Any) -> bool:
    if not isinstance(told, dict) or not isinstance(told.get("undecided"), list):
        return False
    shares = told.get("shares")
    return isinstance(shares, dict) and all(isinstance(own, float | int) for own in shares.values())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conformance", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="from pytest --parity-compared")
    given = parser.parse_args(arguments)
    try:
        told = read(given.file)
        lines = list(table(told["shares"]))
    except ReportError as error:
        parser.error(str(error))
    except ConfigError as error:
        parser.error(f"{given.file} is not a report of pytest --parity-compared: {error}")
    for line in lines:
        print(line)
    agreed, undecided = len(told["shares"]), len(told["undecided"])
    print(f"\n{agreed:,} configurations agree; in {undecided} others rounding hides an array.")


if __name__ == "__main__":
    main()
