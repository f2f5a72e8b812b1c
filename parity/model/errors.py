"""Errors that occur before a verdict exists; their text is for the user."""


class ParityError(Exception):
    """The comparison could not be made; the message says why, and its first line is a summary."""


class ConfigError(ParityError):
    """A wrong configuration: the message names the value and what was expected."""


class SubjectError(ParityError):
    """A subject that cannot be found, imported or called."""


class MissingExtraError(ParityError):
    """An optional package is needed and is not installed."""


class KeepingError(ParityError):
    """A failing case cannot be kept, or a kept one cannot be read; the message is one line."""
