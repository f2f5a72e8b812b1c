"""What can go wrong before a verdict exists, as errors whose text is for the user."""


class ParityError(Exception):
    """The comparison could not be made; the message says why, its first line in short."""


class ConfigError(ParityError):
    """A configuration that means nothing: the message names the value and what was expected."""


class SubjectError(ParityError):
    """A subject that cannot be found, imported or called."""


class MissingExtraError(ParityError):
    """An optional package is needed for what was asked."""


class KeepingError(ParityError):
    """A failing case that cannot be kept, or a kept one that is damaged or none: in one line."""
