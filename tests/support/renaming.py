"""Renaming: a program in which every identifier of its author is a word without a meaning.

Functions, classes, methods, arguments, attributes, variables and keys are renamed; names of
Python, of imported modules and of arrays' own methods stay, as do names that Python gives a
meaning, such as `__init__`. A name that is put together at run time ("d" + "Wx") stays put
together.
"""

import ast
import builtins
from collections.abc import Iterator, Mapping

import numpy as np

LIBRARY = frozenset(
    name
    for kind in (np.ndarray, np, list, dict, str, tuple, set, np.random, np.linalg, object)
    for name in dir(kind)
)
"""Attributes that arrays, containers and NumPy have: nobody can tell whose they are."""

SYLLABLES = ("za", "qo", "vu", "ki", "mo", "ru", "te", "by", "lo", "fa", "ne", "du", "xi")


def renamed(source: str) -> str:
    """Return the text of a program with all its author's names changed; comments are lost."""
    tree = ast.parse(source)
    names = _Names()
    names.visit(tree)
    words = _words(names.own(), names.parts)
    return ast.unparse(ast.fix_missing_locations(_Renamer(words, names).visit(tree)))


class _Names(ast.NodeVisitor):
    """Every name that a program defines, and what must stay as it is."""

    def __init__(self) -> None:
        self.bound: dict[str, None] = {}  # in the order of the program
        self.imported: set[str] = set()
        self.fixed: set[str] = set()  # strings that are compared, or defaults: values, no names
        self.parts: set[str] = set()  # strings that names are put together from
        self.keys: dict[str, None] = {}

    def own(self) -> list[str]:
        """Return the names that may be changed."""
        found = {**self.bound, **{key: None for key in self.keys if key not in self.fixed}}
        kept = {*dir(builtins), *self.imported, *LIBRARY, "self", "cls"}
        return [name for name in found if name not in kept and not name.startswith("__")]

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.imported |= {(name.asname or name.name).split(".")[0] for name in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.visit_Import(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.bound[node.name] = None
        for default in (*node.args.defaults, *node.args.kw_defaults):
            self.fixed |= set(_strings(default))
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bound[node.name] = None
        self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        self.bound[node.arg] = None
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.bound[node.id] = None

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store):
            self.bound[node.attr] = None
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.keys |= dict.fromkeys(_strings(node.slice))
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key in node.keys:
            self.keys |= dict.fromkeys(_strings(key))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "dict":
            self.keys |= {k.arg: None for k in node.keywords if k.arg}
        if _is_named_tuple(node) and isinstance(node.args[1], ast.Constant):
            self.bound |= dict.fromkeys(str(node.args[1].value).replace(",", " ").split())
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if not any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            for part in (node.left, *node.comparators):
                self.fixed |= set(_strings(part))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Add):
            self.parts |= {*_strings(node.left), *_strings(node.right)}
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.parts |= {s for value in node.values for s in _strings(value)}
        self.generic_visit(node)


def _strings(node: ast.AST | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _is_named_tuple(node: ast.Call) -> bool:
    return ast.unparse(node.func).endswith("namedtuple") and len(node.args) == 2


def _words(names: list[str], parts: set[str]) -> Mapping[str, str]:
    """Return a word for every name; of "dWx", put together from "d" and "Wx", the last changes."""
    words: dict[str, str] = {}
    for number, name in enumerate(sorted(names, key=len)):
        joined = (
            part + words[name.removeprefix(part)]
            for part in parts
            if part and name.startswith(part) and name.removeprefix(part) in words
        )
        words[name] = next(joined, _word(number) + "_" * name.endswith("_"))
    return words


def _word(number: int) -> str:
    text = "j"  # no word of Python or of a network
    while number:
        number, place = divmod(number, len(SYLLABLES))
        text += SYLLABLES[place]
    return text


class _Renamer(ast.NodeTransformer):
    def __init__(self, words: Mapping[str, str], names: _Names) -> None:
        self.words, self.names = words, names

    def _word(self, name: str) -> str:
        return self.words.get(name, name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._word(node.name)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._word(node.name)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._word(node.arg)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._word(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not (isinstance(node.value, ast.Name) and node.value.id in self.names.imported):
            node.attr = self._word(node.attr)
        return self.generic_visit(node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> ast.AST:
        node.names = [self._word(name) for name in node.names]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        return self.visit_Global(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        theirs = isinstance(root, ast.Name) and root.id in self.names.imported
        if not theirs:
            for keyword in node.keywords:
                keyword.arg = keyword.arg and self._word(keyword.arg)
        if _is_named_tuple(node) and isinstance(node.args[1], ast.Constant):
            fields = str(node.args[1].value).replace(",", " ").split()
            node.args[1].value = " ".join(map(self._word, fields))
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and node.value not in self.names.fixed:
            node.value = self._word(node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        for value in node.values:
            if not isinstance(value, ast.Constant):  # the pieces of text stay
                self.visit(value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        for side in (node.left, node.right):
            if not (isinstance(node.op, ast.Add) and isinstance(side, ast.Constant)):
                self.visit(side)
        return node
