"""Renaming: how often the verdict on a program stays where all its names are meaningless words.

`python -m benchmarks.renaming` (part of `make power`): of the plain files, the kinds and the
implementations of one file, how many are judged as before; how many less is said of - incomplete,
not understood, refused -, by name; and, by name, those where the verdict is another: none asked.
"""

import multiprocessing
import tempfile
from collections import Counter
from pathlib import Path

from tests.adapter.programs import PROGRAMS
from tests.support.asking import Outcome, asked
from tests.support.renaming import renamed

SILENT = (Outcome.INCOMPLETE, Outcome.NOT_UNDERSTOOD, Outcome.REFUSED)
"""Outcomes that say nothing false."""


def outcomes(name: str) -> tuple[str, Outcome, Outcome]:
    """Return the outcome for a program, and that for its renamed text."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.py", Path(folder) / "after.py"
        before.write_text(PROGRAMS[name])
        after.write_text(renamed(PROGRAMS[name]))
        return name, asked(str(before), "").outcome, asked(str(after), "").outcome


def main() -> None:
    """Print the shares, and every program whose verdict changes."""
    counted: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for name, before, after in pool.imap_unordered(outcomes, PROGRAMS):
            kind = "stays" if before == after else "less is said" if after in SILENT else "another"
            kind = "more is said" if kind == "another" and before in SILENT else kind
            counted[kind] += 1
            if kind != "stays":
                print(f"  {name}: {before}, renamed: {after} ({kind})", flush=True)
    for kind, count in counted.most_common():
        print(f"renamed: verdict {kind}: {count} of {len(PROGRAMS)}", flush=True)


if __name__ == "__main__":
    main()
