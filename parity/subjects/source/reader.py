"""Source: the definitions of a script or a notebook, without running its other statements.

The statements are executed one by one. A definition that fails loses only what it defines, and
training loops, plots, downloads and prints are left out.
"""

import __future__

import ast
import builtins
import contextlib
import linecache
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from parity.model.errors import Reason, SubjectError
from parity.subjects.cells import Cell, cells
from parity.subjects.seeding import seed_torch, seeded
from parity.subjects.silence import silenced
from parity.subjects.source.definitions import Definitions, asks_main
from parity.subjects.source.importing import LOST, Importer
from parity.subjects.source.load_errors import does_not_import, import_failed, in_one_line
from parity.subjects.source.stand_ins import StandIn, drop_missing_decorators, stand_ins, why
from parity.subjects.source.statements import defined, reads, wanted
from parity.subjects.time_limit import OutOfTimeError, limited_work

WORK_LIMIT = 1.5
"""Seconds of processor time that one definition may take: beyond them it is training."""

MOST_WORK = 3.0
"""Seconds of all definitions, after which the author's functions are not called any more."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A script or notebook as a module, and the statements that were left out of it."""

    module: ModuleType
    left_out: tuple[str, ...]  # "line 12: model.fit(x, y)", with the reason where it has failed
    missing: tuple[str, ...] = ()  # packages that are not installed


def read(path: Path, *, run_all: bool = False) -> Source:
    """Execute the definitions of a script or notebook; with `run_all`, every statement.

    The author's draws are seeded: the same file has the same values each time.
    Raises SubjectError when there is no such file, when it is not Python or not a notebook, or,
    with `run_all`, when a statement fails.
    """
    found = cells(path)
    reader = _Reader(path, run_all=run_all)
    with _quiet(path, reader.importer), seeded():
        reader.execute(found, reader.module)
    left_out = tuple(dict.fromkeys(reader.left_out))
    return Source(module=reader.module, left_out=left_out, missing=tuple(reader.missing))


@contextlib.contextmanager
def _quiet(path: Path, importer: Importer) -> Iterator[None]:
    """Undo the effects of an author's statements: prints, warnings, the path, the arguments."""
    before, arguments = sys.path[:], sys.argv
    sys.argv = [str(path)]
    try:
        with warnings.catch_warnings(action="ignore"), silenced():
            yield
    finally:
        importer.take_over_path()
        sys.path[:], sys.argv = before, arguments


class _Reader:
    """Executes the statements of a file, and of its neighbours as it imports them."""

    def __init__(self, path: Path, *, run_all: bool) -> None:
        self.path, self.run_all = path, run_all
        self.importer = Importer(path, self._neighbour)
        self.module = self.importer.module(path)
        self.module.__file__ = str(path)
        self.left_out: list[str] = []
        self.missing: dict[str, None] = {}  # in order
        self._wanted: set[str] = set()
        self._worked = 0.0  # seconds of processor time
        self._flags = 0  # of `from __future__`
        self._depth = 0

    def execute(self, found: list[Cell], module: ModuleType) -> None:
        """Execute the definitions in cells. Raises SubjectError when a script is not Python."""
        module.__dict__[LOST] = {}
        parsed = list(self._parsed(found))
        statements = [statement for _, body in parsed for statement in body]
        self._wanted |= wanted(statements)
        for cell, body in parsed:
            linecache.cache[cell.filename] = (
                len(cell.text), None, cell.text.splitlines(keepends=True), cell.filename,
            )  # fmt: skip
            self._flags = 0
            self._body(cell, body, module)

    def _parsed(self, found: list[Cell]) -> Iterator[tuple[Cell, list[ast.stmt]]]:
        for cell in found:
            try:
                yield cell, cell.parsed()
            except SubjectError as error:
                if not cell.number or self.run_all:
                    raise
                said = error.__cause__ and error.__cause__.args[0]
                what = "Python 2" if error.reason is Reason.PYTHON_2 else "not Python"
                self.left_out.append(f"cell {cell.number}: {what} ({said})")

    def _neighbour(self, path: Path, module: ModuleType) -> None:
        """Execute a neighbour's definitions. Raises ImportError when it is not Python."""
        flags = self._flags
        self._depth += 1
        try:
            self.execute(cells(path), module)
        except SubjectError as error:
            raise ImportError(str(error).removeprefix("subject ")) from error
        finally:
            self._flags = flags
            self._depth -= 1

    # -- statements --------------------------------------------------------------------------------

    def _body(self, cell: Cell, body: list[ast.stmt], module: ModuleType) -> None:
        for statement in body:
            if self.run_all:
                self._run_strictly(cell, statement, module)
            elif isinstance(statement, ast.If):
                self._if(cell, statement, module)
            elif isinstance(statement, (ast.Import, ast.ImportFrom)):
                for single in _single(statement):
                    self._import(cell, single, module)
            elif self._definitions(module).has(statement):
                self._define(cell, statement, module)
            elif not _is_docstring(statement):
                self._leave_out(cell, statement, module, _needs(statement, module))

    def _definitions(self, module: ModuleType) -> Definitions:
        return Definitions(
            names=vars(module),
            wanted=self._wanted,
            calls=self._worked < MOST_WORK,
        )

    def _if(self, cell: Cell, statement: ast.If, module: ModuleType) -> None:
        """Execute the definitions of the branch that Python would take.

        Of `if __name__ == "__main__"`, only those that a function reads and that are not there.
        """
        if asks_main(statement.test):
            lacking = self._wanted - set(vars(module))
            if any(lacking & set(defined(inner)) for inner in statement.body):
                self._body(cell, statement.body, module)
            return
        if not self._definitions(module).decides(statement.test):
            self._leave_out(cell, statement, module)
            return
        test = ast.Expression(statement.test)
        try:
            chosen = eval(  # noqa: S307 - executing a subject is the purpose
                compile(test, cell.filename, "eval", dont_inherit=True), module.__dict__
            )
            taken = statement.body if chosen else statement.orelse
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the author's own
            self._leave_out(cell, statement, module, in_one_line(error))
            return
        self._body(cell, taken, module)

    def _import(
        self, cell: Cell, statement: ast.Import | ast.ImportFrom, module: ModuleType
    ) -> None:
        """Execute an import of one name; where it fails, the name says so when it is used."""
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                self._flags |= getattr(__future__, alias.name).compiler_flag
            return
        try:
            self._run(cell, statement, module)
            seed_torch()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a package does
            failed = import_failed(error)
            if failed.startswith("needs the package"):
                self.missing.setdefault(failed.split("'")[1])
            self._leave_out(cell, statement, module, failed)
            vars(module).update(stand_ins(statement, f"{failed} ({cell.place(statement.lineno)})"))

    def _define(self, cell: Cell, statement: ast.stmt, module: ModuleType) -> None:
        """Execute a definition; one that fails loses only what it defines."""
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            drop_missing_decorators(statement, vars(module))
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._replace_defaults(cell, statement, module)
        start = time.process_time()
        try:
            with limited_work(WORK_LIMIT):
                self._run(cell, statement, module)
        except OutOfTimeError:
            self._leave_out(cell, statement, module, f"it takes longer than {WORK_LIMIT:g} s")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the author's own
            self._leave_out(cell, statement, module, in_one_line(error))
        self._worked += time.process_time() - start

    def _replace_defaults(
        self, cell: Cell, function: ast.FunctionDef | ast.AsyncFunctionDef, module: ModuleType
    ) -> None:
        """Let a function have a stand-in for a default that is not defined: it may not need it."""
        for default in (*function.args.defaults, *function.args.kw_defaults):
            name = default.id if isinstance(default, ast.Name) else ""
            if not name or name in vars(module) or hasattr(builtins, name):
                continue
            where = cell.place(function.lineno)
            vars(module)[f"_missing_{name}"] = StandIn(name, f"is not defined ({where})")
            function.args = _Renamed(name).visit(function.args)
            self.left_out.append(f"{where}: the default {name} of {function.name} is not defined")

    def _run_strictly(self, cell: Cell, statement: ast.stmt, module: ModuleType) -> None:
        try:
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                self._import(cell, statement, module)
                return
            self._run(cell, statement, module)
            seed_torch()
        except SubjectError as error:  # a mistake in a binding: its message is for the author
            raise SubjectError(f"subject {cell.filename!r}: {error}") from error
        except (Exception, SystemExit) as error:
            if self._depth:
                raise
            raise does_not_import(cell.filename, error) from error

    def _run(self, cell: Cell, statement: ast.stmt, module: ModuleType) -> None:
        code = compile(
            ast.Module([statement], []),
            cell.filename,
            "exec",
            flags=self._flags,
            dont_inherit=True,
        )
        exec(code, module.__dict__)  # noqa: S102 - executing a subject is the purpose
        self.importer.take_over_path()

    def _leave_out(
        self, cell: Cell, statement: ast.stmt, module: ModuleType, reason: str = ""
    ) -> None:
        where = cell.where(statement)
        said = f"{where} ({reason})" if reason else where
        lost = said if reason else f"{where} was not executed (--run-all executes it)"
        vars(module)[LOST].update(dict.fromkeys(defined(statement), lost))
        if module is self.module:
            self.left_out.append(said)
        elif reason:
            self.left_out.append(f"{cell.path.name}, {said}")


def _needs(statement: ast.stmt, module: ModuleType) -> str:
    """Return the missing package that a statement which defines something needs, empty without."""
    if not defined(statement):
        return ""
    values = [vars(module).get(name) for name in sorted(reads(statement))]
    return next((why(value) for value in values if isinstance(value, StandIn)), "")


def _single(statement: ast.Import | ast.ImportFrom) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield an import of several names as an import of each."""
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            single: ast.Import | ast.ImportFrom = ast.Import([alias])
        else:
            single = ast.ImportFrom(statement.module, [alias], statement.level)
        yield ast.copy_location(single, statement)


class _Renamed(ast.NodeTransformer):
    """Reads `_missing_x` where a name x was read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Return the name, or the one of its stand-in."""
        missing = ast.Name(f"_missing_{node.id}", node.ctx)
        return ast.copy_location(missing, node) if node.id == self.name else node


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
