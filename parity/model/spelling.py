"""Spelling: the ways to write an option's name or value that all mean the same.

A dash is as good as an underscore, and British spelling as good as American.
"""

from collections.abc import Collection, Sequence

AMERICAN = {"maximise": "maximize"}


def underscored(name: str) -> str:
    """Return an option's name as a field of Config has it: `weight-decay` is `weight_decay`."""
    name = name.replace("-", "_")
    return AMERICAN.get(name, name)


def dashed(name: str) -> str:
    """Return an option's name as a flag has it: `time_limit` is `time-limit`."""
    return underscored(name).replace("_", "-")


def as_listed(value: str, among: Collection[str]) -> str:
    """Return a value as it is listed, `batch_first` as `batch-first`; unchanged if it is not."""
    return value if value in among or dashed(value) not in among else dashed(value)


def with_dashes(argv: Sequence[str]) -> list[str]:
    """Return a command's arguments, every flag before `--` in the spelling that help shows."""
    end = argv.index("--") if "--" in argv else len(argv)
    return [*map(_flag, argv[:end]), *argv[end:]]


def _flag(argument: str) -> str:
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument[2:].partition("=")
    negated = dashed(name).startswith("no-")
    own = f"no-{dashed(dashed(name)[3:])}" if negated else dashed(name)
    return f"--{own}{equals}{value}"
