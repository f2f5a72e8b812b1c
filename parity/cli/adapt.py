"""adapt-subject: print how a class, functions or a notebook is asked, as a file with `bind(...)`.

Exit status: 0 a whole binding, 2 one that a person has to complete, or none.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from parity.adapter.adapt import Adapted, adapt
from parity.adapter.attempts import quiet
from parity.model.errors import ParityError, SubjectError
from parity.model.spelling import with_dashes
from parity.subjects.cells import ENDINGS
from parity.subjects.find import Found, find
from parity.subjects.subject import NOT_EXECUTED

WRITTEN, TO_BE_COMPLETED = 0, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run `adapt-subject` and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="adapt-subject",
        allow_abbrev=False,
        description="Find out how to call an RNN written by hand, and print it as a short Python "
        "file with one bind(...), which is a subject that you can read and edit.",
        epilog="exit status: 0 a whole binding, 2 one that a person has to complete, or none",
    )
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        help="module, file.py or file.ipynb, each also with :name of a class or function",
    )
    parser.add_argument("--write", type=Path, metavar="FILE.py", help="write it, do not print it")
    parser.add_argument(
        "--run-all", action="store_true", help="execute every statement of the file"
    )
    arguments = parser.parse_args(with_dashes(sys.argv[1:] if argv is None else argv))
    try:
        return _adapt(arguments)
    except ParityError as error:
        print(f"adapt-subject: {error}", file=sys.stderr)
        return TO_BE_COMPLETED


def _adapt(arguments: argparse.Namespace) -> int:
    target: Path | None = arguments.write
    _check(target)
    with quiet():
        found = find(arguments.subject, run_all=arguments.run_all)
    if found.is_run:
        raise SubjectError(f"{arguments.subject} is a run(case) already: nothing to adapt")
    made = adapt(found.module, found.name, arguments.subject, _imports(found, target))
    if target is None:
        sys.stdout.write(made.text)
    else:
        try:
            target.write_text(made.text, encoding="utf-8")
        except OSError as error:
            raise SubjectError(f"--write {target}: cannot be written: {error.strerror}") from error
    _tell(made, found, target)
    return WRITTEN if made.run is not None and not made.lacking else TO_BE_COMPLETED


def _check(target: Path | None) -> None:
    if target is None:
        return
    if target.suffix != ".py":
        raise SubjectError(f"--write {target}: the name must end in .py")
    if not target.parent.is_dir():
        raise SubjectError(f"--write {target}: there is no folder {str(target.parent)!r}")
    if target.exists():
        raise SubjectError(f"--write {target}: this file exists, and is not overwritten")


def _imports(found: Found, target: Path | None) -> tuple[str, ...]:
    """Return the line that makes `theirs` the module, seen from where the adapter will be."""
    if not found.place.endswith(ENDINGS):
        return found.imports
    folder = Path.cwd() if target is None else target.resolve().parent
    place = Path(os.path.relpath(Path(found.place).resolve(), folder)).as_posix()
    every = ", run_all=True" if "run_all=True" in found.imports[0] else ""
    return (f"theirs = definitions(Path(__file__).parent / {place!r}{every})",)


def _tell(made: Adapted, found: Found, target: Path | None) -> None:
    if target is not None and made.run is not None:
        print(f"wrote {target}: compare-one-config --subject {target}", file=sys.stderr)
    if made.run is None:
        print(f"not adapted: {made.reason}; complete the lines with ...", file=sys.stderr)
    if made.lacking:
        print(made.lacking, file=sys.stderr)
    for said in (*made.assumed, *(f"{NOT_EXECUTED}{line}" for line in found.left_out)):
        print(said, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
