"""Errors that occur before a verdict exists; their text is for the user."""

import enum


class ParityError(Exception):
    """The comparison could not be made; the message says why, and its first line is a summary."""


class ConfigError(ParityError):
    """A wrong configuration: the message names the value and what was expected."""


class Reason(enum.Enum):
    """Why a subject cannot be asked, for programs; the message says it for people."""

    NO_SUCH_FILE = "no-such-file"
    NO_SUCH_NAME = "no-such-name"
    NOT_PYTHON = "not-python"
    PYTHON_2 = "python-2"
    STUB = "stub"
    NOTHING_TO_JUDGE = "nothing-to-judge"
    IMPORT_FAILS = "import-fails"
    DEFINITION_RAISED = "definition-raised"
    NOT_UNDERSTOOD = "not-understood"


class SubjectError(ParityError):
    """A subject that cannot be found, imported or called; `reason` is None where none fits."""

    def __init__(self, text: str, reason: Reason | None = None) -> None:
        super().__init__(text)
        self.reason = reason


class MissingExtraError(ParityError):
    """An optional package is needed and is not installed."""


class KeepingError(ParityError):
    """A failing case cannot be kept, or a kept one cannot be read; the message is one line."""
