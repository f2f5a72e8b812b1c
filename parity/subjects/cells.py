"""Cells: the text of a script, or of each cell of a notebook, read and parsed but not executed."""

import ast
import json
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.model.errors import Reason, SubjectError
from parity.subjects.not_python import not_python

ENDINGS = (".py", ".ipynb")

_TIMED = ("%%time", "%%timeit", "%%capture", "%%prun")
"""Cell magics after which the cell is still Python."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A piece of source, and the name that tracebacks show for it."""

    path: Path
    number: int  # 0: the whole of a script
    text: str

    @property
    def filename(self) -> str:
        """The name in tracebacks: "my_rnn.py", "book.ipynb, cell 3"."""
        return f"{self.path}, cell {self.number}" if self.number else str(self.path)

    def place(self, line: int) -> str:
        """Return how a line is named: "line 3", "cell 2, line 3"."""
        return f"cell {self.number}, line {line}" if self.number else f"line {line}"

    def where(self, statement: ast.stmt) -> str:
        """Return where a statement stands and how it begins: "cell 3, line 12: model.fit(x, y)"."""
        first = self.text.splitlines()[statement.lineno - 1].strip()
        more = " ..." if first.endswith(("(", "[", "{", ",", "\\")) else ""
        return f"{self.place(statement.lineno)}: {first}{more}"

    def parsed(self) -> list[ast.stmt]:
        """Return the statements. Raises SubjectError, of one line, when this is not Python."""
        try:
            with warnings.catch_warnings(action="ignore"):
                return ast.parse(self.text, self.filename).body
        except (SyntaxError, ValueError, RecursionError) as error:
            cell = f"cell {self.number}, " if self.number else ""
            raise not_python(self.path, self.text, error, cell) from error


def cells(path: Path) -> list[Cell]:
    """Read a script, or the code of a notebook.

    Raises SubjectError when there is no such file, or when it is neither.
    """
    if not path.is_file():
        raise SubjectError(f"subject {str(path)!r}: there is no such file", Reason.NO_SUCH_FILE)
    text = _text(path)
    if path.suffix != ".ipynb":
        return [Cell(path=path, number=0, text=text)]
    try:
        book = json.loads(text)
        code = [c for c in book["cells"] if c["cell_type"] == "code"]
        found = ["".join(cell["source"]) for cell in code]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        said = f"subject {str(path)!r} is not a notebook of nbformat 4"
        raise SubjectError(said, Reason.NOT_PYTHON) from error
    if (language := _language(book)) != "python":
        said = f"subject {str(path)!r} is a notebook in {language}, not in Python"
        raise SubjectError(said, Reason.NOT_PYTHON)
    return [Cell(path=path, number=i, text=_without_magic(t)) for i, t in enumerate(found, 1)]


def _text(path: Path) -> str:
    try:
        if path.suffix == ".ipynb":
            return path.read_text(encoding="utf-8-sig")
        with tokenize.open(path) as file:  # in the encoding that it declares
            return file.read()
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        said = f"subject {str(path)!r} cannot be read: {error}"
        raise SubjectError(said, Reason.NOT_PYTHON) from error


def _language(book: Any) -> str:
    """Return the language of a notebook's kernel in small letters: python where it names none."""
    try:
        return str(book["metadata"]["kernelspec"]["language"]).lower()
    except (KeyError, TypeError):
        return "python"


def _without_magic(text: str) -> str:
    """Return a cell with IPython's own lines as `pass`; a cell in another language is unchanged."""
    if text.lstrip().startswith("%%") and text.split(maxsplit=1)[0] not in _TIMED:
        return text
    return "\n".join(
        re.sub(r"^(\s*)(%|!|.*= *[!%]|\w[\w.]*\?+\s*$).*", r"\1pass", line)
        for line in text.splitlines()
    )
