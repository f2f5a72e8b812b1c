"""Everything nn.RNN has, and how many configurations compared it.

`python -m benchmarks.conformance FILE` prints the table of the README from what
`pytest --compared FILE` wrote: `make conformance` does both.
"""

import json
import sys
from pathlib import Path

from reference.conformance import table


def main(file: str) -> None:
    """Print the table."""
    told = json.loads(Path(file).read_text(encoding="utf-8"))
    for line in table(told["shares"]):
        print(line)
    agreed, undecided = len(told["shares"]), len(told["undecided"])
    print(f"\n{agreed:,} configurations agree; in {undecided} others rounding hides an array.")


if __name__ == "__main__":
    main(*sys.argv[1:])
