"""Definitions: the statements of a script that define something and do nothing else.

Imports, functions and classes; values that NumPy, Python or a constructor of the author's makes;
values that the author's functions make, where a function or class reads them; parts that are added
to such values; seeds. Training, plots, downloads, prints and files are not definitions.
"""

import ast
import builtins
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from parity.subjects.source.stand_ins import StandIn
from parity.subjects.source.statements import last_of, names_in, root_of

OWN = "_subject_"
"""The beginning of the name of every module that is read from an author's file."""

_STATEMENTS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Pass,
)

_MAKING = frozenset(
    {"numpy", "math", "cmath", "random", "_random", "itertools", "functools", "collections", "copy"}
    | {"typing", "types", "dataclasses", "enum", "operator", "string", "abc", "numbers", "decimal"}
    | {"fractions", "pathlib", "posixpath", "ntpath", "logging", "argparse", "re", "contextlib"}
    | {"torch", "jax", "jaxlib", "autograd", "scipy", "cupy", "builtins", "warnings", "_operator"}
)
"""Packages whose functions make values; `_ACTING` lists the exceptions."""

_ACTING = re.compile(
    r"(print|input|eval|exec|exit|quit|breakpoint|compile|open|touch|rename|unlink|glob|iterdir)$"
    r"|(load|save|read|write|fetch|download|dump|show|plot|mkdir|rmdir)(?![a-z])"
    r"|loadtxt|savetxt|savez|readlines?$|from_?file|to_?file|genfromtxt|memmap|urlretrieve"
)
"""The names of functions that read, write or show."""

_WORKING = re.compile(
    r"(train|fit|learn|main|run|test|demo|experiment|benchmark|simulate|evaluate)(?![a-z])"
)
"""How the name of an author's function begins that is the work of a script."""

_FILLING = re.compile(
    r"(append|extend|insert|update|add|register|set|init|setup|build)([_A-Z].*|)$"
)
"""Methods that add a part to a value that is being defined."""

_SETTING = frozenset(
    {"seed", "manual_seed", "seterr", "set_printoptions", "setrecursionlimit", "set_default_dtype"}
    | {"filterwarnings", "simplefilter", "setattr", "initialize", "set_default_tensor_type"}
)
"""Functions that may be called for their effect."""


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """Tells definitions from other statements, from the values that names have by now."""

    names: Mapping[str, Any]  # of the module, as far as it is executed
    wanted: Collection[str]  # the names that functions and classes read
    calls: bool = True  # whether functions and constructors of the author's may be called

    def has(self, statement: ast.stmt) -> bool:
        """Return whether a statement defines something and does nothing else."""
        match statement:
            case ast.Assign(targets=targets, value=value):
                return all(map(self._is_target, targets)) and self._makes(value, targets)
            case (
                ast.AnnAssign(target=target, value=value)
                | ast.AugAssign(target=target, value=value)
            ):
                return value is None or (self._is_target(target) and self._makes(value, [target]))
            case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=final):
                caught = [inner for handler in handlers for inner in handler.body]
                return all(map(self.has, body + caught + other + final))
            case ast.For(iter=over, body=body, orelse=[]):
                return self._makes(over, []) and all(map(self._fills, body))
            case ast.Expr(value=ast.Call(func=func) as call):
                return self._sets(func) and self._makes_all(call.args, call.keywords)
            case _:
                return isinstance(statement, _STATEMENTS)

    def decides(self, test: ast.expr) -> bool:
        """Return whether the condition of an `if` can be evaluated without doing anything."""
        return not asks_main(test) and self._makes(test, [])

    # -- statements --------------------------------------------------------------------------------

    def _is_target(self, target: ast.expr) -> bool:
        """Return whether this is a name, or a part of something that the author has made."""
        if isinstance(target, (ast.Tuple, ast.List)):
            return all(map(self._is_target, target.elts))
        if isinstance(target, ast.Starred):
            return self._is_target(target.value)
        return isinstance(target, ast.Name) or self._is_own(root_of(target))

    def _fills(self, statement: ast.stmt) -> bool:
        """Return whether the body of a loop only fills a list or a dictionary: no training."""
        calls = [part.func for part in ast.walk(statement) if isinstance(part, ast.Call)]
        if any(self._is_own_function(func) for func in calls):
            return False
        match statement:
            case ast.Assign(targets=[ast.Subscript(value=ast.Name())]) | ast.Pass():
                return self.has(statement)
            case ast.Expr(value=ast.Call(func=ast.Name(id="setattr"))):
                return self.has(statement)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append" | "add" | "extend"))):
                return self.has(statement)
            case _:
                return False

    def _sets(self, func: ast.expr) -> bool:
        """Return whether a function may be called for its effect: a seed, a part that is added."""
        last, root = last_of(func), root_of(func)
        if ast.unparse(func).startswith("sys.path."):
            return last in {"append", "insert", "extend"}
        if isinstance(func, ast.Attribute) and self._is_own(root):
            return _FILLING.match(last) is not None
        known = isinstance(root, ast.Name) and package(self._value(root.id)) in {*_MAKING, "sys"}
        return known and (last in _SETTING or ast.unparse(func) == "jax.config.update")

    def _is_own(self, root: ast.expr) -> bool:
        """Return whether a name stands for something that the author's file has made."""
        if not isinstance(root, ast.Name) or root.id not in self.names:
            return False
        value = self.names[root.id]
        if isinstance(value, (ModuleType, StandIn)):
            return False
        return package(value) in {OWN, "builtins", "collections", "argparse", "types", "numpy"}

    def _is_own_function(self, func: ast.expr) -> bool:
        root = root_of(func)
        value = self._value(root.id) if isinstance(root, ast.Name) else None
        return package(value) == OWN and not isinstance(value, type)

    # -- expressions -------------------------------------------------------------------------------

    def _makes_all(self, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> bool:
        return all(self._makes(inner, []) for inner in (*args, *(k.value for k in keywords)))

    def _makes(self, value: ast.expr, targets: Sequence[ast.expr]) -> bool:
        """Return whether an expression makes a value and does nothing else."""
        needed = not targets or bool(self.wanted & set(names_in(targets)))  # type: ignore[operator]
        for part in _evaluated(value):
            if isinstance(part, (ast.Await, ast.Yield, ast.YieldFrom)):
                return False
            if isinstance(part, ast.Call) and not self._may_call(part.func, needed=needed):
                return False
        return True

    def _may_call(self, func: ast.expr, *, needed: bool) -> bool:
        """Return whether a call only makes a value: int, np.zeros, rng.normal, RNN, init."""
        last, root = last_of(func), root_of(func)
        if _ACTING.match(last):
            return False
        while isinstance(root, ast.Call):  # np.zeros(3).copy(), Net().fit()
            root = root_of(root.func)
        if not isinstance(root, ast.Name):  # "abc".split()
            return True
        value = self._value(root.id)
        if value is None or ast.unparse(func).startswith(("os.path.", "os.getcwd")):
            return True  # a name of a comprehension, or one that is missing: it says so by itself
        maker = package(value)
        if maker != OWN:
            return maker in _MAKING
        called = getattr(value, last, None) if isinstance(value, ModuleType) else value
        constructs = isinstance(called, type) and (called is not value or func is root)
        return self.calls and (constructs or (needed and not _WORKING.match(last)))

    def _value(self, name: str) -> Any:
        return self.names.get(name, getattr(builtins, name, None))


def package(value: Any) -> str:
    """Return the package that a module, function, class or object comes from; OWN: a subject's."""
    if isinstance(value, ModuleType):
        home = value.__name__
    else:
        home = getattr(value, "__module__", None) or type(value).__module__
        if not isinstance(home, str) or isinstance(value, StandIn):
            return "missing"
    return OWN if home.startswith(OWN) else home.partition(".")[0]


def asks_main(test: ast.expr) -> bool:
    """Return whether a condition is `__name__ == "__main__"`."""
    return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(test))


def _evaluated(value: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of an expression that are evaluated with it: not the body of a lambda."""
    yield value
    inner = value.args.defaults if isinstance(value, ast.Lambda) else ast.iter_child_nodes(value)
    for part in inner:
        yield from _evaluated(part)
