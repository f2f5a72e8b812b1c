"""Load errors: what a file raised while it was read, in one line or with its traceback."""

from parity.model.errors import Reason, SubjectError
from parity.subjects.not_python import python_2_name
from parity.subjects.tracebacks import own_traceback


def does_not_import(place: str, error: BaseException) -> SubjectError:
    """Return the error for a file or module that is executed whole, with the author's traceback."""
    if isinstance(error, ImportError):
        why, reason = f" ({import_failed(error)})", Reason.IMPORT_FAILS
    else:
        why, reason = "", Reason.DEFINITION_RAISED
    said = f"subject {place!r} does not import{why}:\n{own_traceback(error).rstrip()}"
    return SubjectError(said, reason)


def in_one_line(error: BaseException) -> str:
    """Return an error in one line."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def import_failed(error: BaseException) -> str:
    """Return why an import fails, in one line."""
    if (name := python_2_name(error)) is not None:
        return f"needs {name!r}, a module of Python 2: `2to3 -w` converts the file"
    if isinstance(error, ModuleNotFoundError) and error.name and "there is no" not in str(error):
        return f"needs the package {error.name.partition('.')[0]!r}, which is not installed"
    return f"is not there: {error}".partition("\n")[0]
