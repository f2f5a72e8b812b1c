"""Source: the definitions of a script or a notebook, without running its other statements.

Only imports, functions, classes and plain constants are executed, statement by statement. Training
loops, plots, downloads and prints are left out.
"""

import ast
import json
import linecache
import re
import sys
import tokenize
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

from parity.model.errors import SubjectError
from parity.subjects.silence import silenced
from parity.subjects.tracebacks import own_traceback

ENDINGS = (".py", ".ipynb")

_PLAIN = (
    ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred,
    ast.Tuple, ast.List, ast.Dict, ast.Set, ast.JoinedStr, ast.FormattedValue,
    ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.keyword,
)  # fmt: skip
"""The parts of a plain expression, apart from calls of the functions below."""

_DEFINITIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Pass,
)

_SETTINGS = ("sys.path.append", "sys.path.insert", "np.seterr")
"""Functions that may be called though they define nothing."""

_MAKERS = {"int", "float", "bool", "str", "len", "range", "list", "tuple", "dict", "set", "max"}
_MAKERS |= {"min", "abs", "round", "sum", "sorted"}
_NUMPY = {"np", "numpy"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A script or notebook as a module, and the statements that were left out of it."""

    module: ModuleType
    left_out: tuple[str, ...]  # "line 12: model.fit(x, y)", with the reason where it is not plain


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """A piece of source, and the name that tracebacks show for it."""

    filename: str
    text: str


def read(path: Path, *, run_all: bool = False) -> Source:
    """Execute the definitions of a script or notebook; with `run_all`, every statement.

    Raises SubjectError when there is no such file, when it is not Python or not a notebook, or,
    with `run_all`, when a statement fails.
    """
    if not path.is_file():
        raise SubjectError(f"subject {str(path)!r}: there is no such file")
    cells = _cells(path)
    name = f"_subject_{path.stem}_{abs(hash(path.resolve()))}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    make_importable(path.resolve().parent)  # as `python file.py` does: siblings import
    left_out: list[str] = []
    try:
        for cell in cells:
            left_out += _execute(cell, module, run_all=run_all)
    except SubjectError:
        del sys.modules[name]
        raise
    return Source(module=module, left_out=tuple(left_out))


def texts(path: Path) -> dict[str, str]:
    """Return the text of a script, or of each code cell of a notebook, by its file in tracebacks.

    Raises SubjectError when it cannot be read.
    """
    return {cell.filename: cell.text for cell in _cells(path)}


def make_importable(folder: Path) -> None:
    """Put `folder` first on the path, for good: a subject may import only when it runs."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


# -- cells -----------------------------------------------------------------------------------------


def _cells(path: Path) -> list[_Cell]:
    try:
        if path.suffix == ".py":
            with tokenize.open(path) as file:  # in the encoding that it declares
                text = file.read()
        else:
            text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise SubjectError(f"subject {str(path)!r} cannot be read: {error}") from error
    if path.suffix != ".ipynb":
        return [_Cell(filename=str(path), text=text)]
    try:
        cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
        found = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SubjectError(f"subject {str(path)!r} is not a notebook of nbformat 4") from error
    return [
        _Cell(filename=f"{path}, cell {number}", text=_without_magic(source))
        for number, source in enumerate(found, 1)
    ]


_TIMED = ("%%time", "%%timeit", "%%capture", "%%prun")
"""Cell magics after which the cell is still Python."""


def _without_magic(text: str) -> str:
    """Return a cell with IPython's own lines as `pass`; a cell in another language is unchanged."""
    if text.lstrip().startswith("%%") and text.split(maxsplit=1)[0] not in _TIMED:
        return text
    return "\n".join(
        re.sub(r"^(\s*)(%|!|.*= *[!%]|\w[\w.]*\?+\s*$).*", r"\1pass", line)
        for line in text.splitlines()
    )


# -- statements ------------------------------------------------------------------------------------


def _execute(cell: _Cell, module: ModuleType, *, run_all: bool) -> Iterator[str]:
    """Execute a cell's plain statements in `module`; yield the statements that were left out."""
    linecache.cache[cell.filename] = (
        len(cell.text), None, cell.text.splitlines(keepends=True), cell.filename,
    )  # fmt: skip
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(cell.text, cell.filename)
    except (SyntaxError, ValueError, RecursionError) as error:
        if cell.filename.endswith(".py") or run_all:
            raise _does_not_import(cell.filename, error) from error
        yield f"{cell.filename.rpartition(', ')[2]}: not Python ({error.args[0]})"
        return
    for statement in tree.body:
        if not (run_all or _is_plain(statement)):
            if not _is_silent(statement):
                yield _where(cell, statement)
            continue
        try:
            _run(compile(ast.Module([statement], []), cell.filename, "exec"), module)
        except (Exception, SystemExit) as error:
            if run_all or not _may_fail(statement, error):
                raise _does_not_import(cell.filename, error) from error
            yield f"{_where(cell, statement)} ({type(error).__name__}: {error})"


def _run(code: CodeType, module: ModuleType) -> None:
    with warnings.catch_warnings(action="ignore"), silenced():
        exec(code, module.__dict__)  # noqa: S102 - executing a subject is the purpose


def _may_fail(statement: ast.stmt, error: BaseException) -> bool:
    """Return whether a subject may work without this: a plotting library, a number from data.

    A name that a function or class statement needs is not of this kind.
    """
    needs_left_out = isinstance(error, NameError)
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.Try)):
        return isinstance(error, ImportError)
    return needs_left_out or isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign))


def _does_not_import(place: str, error: BaseException) -> SubjectError:
    if isinstance(error, SyntaxError):
        said = "".join(traceback.format_exception_only(error)).rstrip()
        return SubjectError(f"subject {place!r} does not import:\n{said}")
    return SubjectError(f"subject {place!r} does not import:\n{own_traceback(error).rstrip()}")


def _where(cell: _Cell, statement: ast.stmt) -> str:
    """Return where a statement stands and how it begins: "cell 3, line 12: model.fit(x, y)"."""
    first = cell.text.splitlines()[statement.lineno - 1].strip()
    _, comma, number = cell.filename.rpartition(", ")
    return f"{number + comma if comma else ''}line {statement.lineno}: {first}"


# -- plain statements ------------------------------------------------------------------------------


def _is_plain(statement: ast.stmt) -> bool:
    """Return whether a statement defines something and does nothing else."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            return _is_constant(value) and all(map(_is_name, targets))
        case ast.AnnAssign(target=target, value=value) | ast.AugAssign(target=target, value=value):
            return value is not None and _is_constant(value) and _is_name(target)
        case ast.If(test=test, body=body, orelse=other):
            return _is_constant(test) and not _asks_main(test) and all(map(_is_plain, body + other))
        case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=final):
            caught = [inner for handler in handlers for inner in handler.body]
            return all(map(_is_plain, body + caught + other + final))
        case ast.Expr(value=ast.Call(func=func)):
            return ast.unparse(func) in _SETTINGS
        case _:
            return isinstance(statement, _DEFINITIONS)


def _is_silent(statement: ast.stmt) -> bool:
    """Return whether this is left out without a note: a docstring, or code of a script alone."""
    if isinstance(statement, ast.If):
        return _asks_main(statement.test)
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _asks_main(test: ast.expr) -> bool:
    return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(test))


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name)


def _is_constant(value: ast.AST) -> bool:
    """Return whether an expression only names, combines and converts numbers, text and arrays."""
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, ast.Call):
        inner = [*value.args, *(keyword.value for keyword in value.keywords)]
        return _is_maker(value.func) and all(map(_is_constant, inner))
    children = [c for c in ast.iter_child_nodes(value) if isinstance(c, ast.expr)]
    return isinstance(value, _PLAIN) and all(map(_is_constant, children))


def _is_maker(func: ast.expr) -> bool:
    """Return whether a call of this only makes a value: int, np.zeros, rng.randn."""
    if isinstance(func, ast.Name):
        return func.id in _MAKERS
    root = func
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(root, ast.Call):  # np.random.randn(4).astype(...)
        return isinstance(func, ast.Attribute) and _is_maker(root.func)
    method = ast.unparse(func)
    is_file = any(part in method for part in (".load", ".save", ".loadtxt", ".genfromtxt"))
    return isinstance(root, ast.Name) and root.id in _NUMPY and not is_file
