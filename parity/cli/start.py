"""Start: the commands, which look at the subject's file before they import NumPy and PyTorch.

A wrong file name, a file that is not Python and a `run` that is a stub then cost a tenth of a
second, not two.
"""

import importlib
import itertools
import sys
from collections.abc import Sequence

from parity.model.errors import ParityError
from parity.subjects.precheck import precheck

HELP = {"-h", "--help"}


def compare_one_config() -> int:
    """Run `compare-one-config` and return its exit status."""
    return _checked("compare-one-config", "parity.cli.compare", named_by("--subject", sys.argv[1:]))


def adapt_subject() -> int:
    """Run `adapt-subject` and return its exit status."""
    return _checked("adapt-subject", "parity.cli.adapt", first_of(sys.argv[1:]))


def _checked(command: str, module: str, subject: str | None) -> int:
    try:
        precheck(subject or "")
    except ParityError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 2
    status: int = importlib.import_module(module).main()
    return status


def named_by(flag: str, given: Sequence[str]) -> str | None:
    """Return the value of an option among arguments; None without it, and where help is wanted."""
    if HELP & set(given):
        return None
    for word, following in itertools.zip_longest(given, given[1:]):
        if word == flag:
            return following
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return None


def first_of(given: Sequence[str]) -> str | None:
    """Return the first argument that is not an option or its value; None where help is wanted."""
    if HELP & set(given):
        return None
    pairs = zip(["", *given], given, strict=False)
    return next((w for before, w in pairs if w[:1] != "-" and before != "--write"), None)
