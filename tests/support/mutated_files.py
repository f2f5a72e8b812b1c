"""Mutated files: plain networks in four styles, with one small edit each, as files.

Each file has a `run(case)` written by hand, which calls everything in it. It labels a mutant as
right or wrong by PyTorch's autograd. The harness sees the file alone, as its author would hand it
over.
"""

import ast
import functools
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from parity.model.case import Case
from tests.support import implementations
from tests.support.auto_mutants.generator import Edit, edits_of, replaced
from tests.support.auto_mutants.labels import Label, labelled

FOLDER = Path(implementations.__file__).parent / "plain"

Answer = dict[str, Any]

LONG_STEP = 2.0**20
"""A learning rate at which the gradient can be read off a step without a loss of digits."""


def _attributes(theirs: Any, case: Case) -> Answer:
    model = theirs.RNNClassifier(case.config.features, case.config.hidden, case.config.classes)
    names = {"W_x": "Wx", "W_h": "Wh", "b": "bh", "W_out": "Wy", "b_out": "by"}
    for name, theirs_ in names.items():
        setattr(model, theirs_, np.array(getattr(case, name)))
    found = {"loss": model.loss(case.x, case.labels), "logits": model.forward(case.x)}
    found["hidden"] = model.h[:, 1:].copy()
    model.backward(case.labels)
    found |= {f"grad/{n}": np.array(getattr(model, f"d{own}")) for n, own in names.items()}
    model.update(case.config.lr)
    return found | {f"step/{n}": getattr(model, own) for n, own in names.items()}


def _dictionary(theirs: Any, case: Case) -> Answer:
    names = {"W_x": "U", "W_h": "W", "b": "b", "W_out": "V", "b_out": "c"}
    params = {own: np.array(getattr(case, name)) for name, own in names.items()}
    logits, states = theirs.rnn_forward(case.x, np.array(case.h_0), params)
    found = {"logits": logits, "hidden": np.stack(states[1:], axis=1)}
    found["loss"], grads = theirs.loss_and_gradients(case.x, case.labels, case.h_0, params)
    found |= {f"grad/{name}": np.array(grads[own]) for name, own in names.items()}
    stepped = theirs.sgd(params, grads, case.config.lr)
    return found | {f"step/{name}": stepped[own] for name, own in names.items()}


def _columns(theirs: Any, case: Case) -> Answer:
    model = theirs.Rnn(case.config.features, case.config.hidden, case.config.classes)
    model.Wxh, model.Whh, model.Why = (np.array(w.T) for w in (case.W_x, case.W_h, case.W_out))
    model.bh, model.by = np.array(case.b[:, None]), np.array(case.b_out[:, None])
    before = [np.array(w) for w in (model.Wxh, model.Whh, model.bh, model.Why, model.by)]
    inputs = [x[:, None] for x in case.x[0]]
    found = {"logits": model.forward(inputs).T}
    found["hidden"] = np.stack([model.hs[t].T for t in range(len(inputs))], axis=1)
    found["loss"] = model.train(inputs, int(case.labels[0]), LONG_STEP)
    after = (model.Wxh, model.Whh, model.bh, model.Why, model.by)
    for name, old, new in zip(("W_x", "W_h", "b", "W_out", "b_out"), before, after, strict=True):
        gradient = (old - new) / LONG_STEP
        found[f"grad/{name}"] = gradient[:, 0] if name.startswith("b") else gradient.T
    return found


def _layer(theirs: Any, case: Case) -> Answer:
    model = theirs.RNNLayer(case.config.features, case.config.hidden)
    model.weight_ih, model.weight_hh = np.array(case.W_x.T), np.array(case.W_h.T)
    model.bias = np.array(case.b)
    found = {"hidden": model.forward(case.x.swapaxes(0, 1), case.h_0).swapaxes(0, 1).copy()}
    given = np.array(case.upstream.swapaxes(0, 1))
    given[-1] += case.upstream_final  # the last state is among the states
    dx, found["grad/h_0"] = model.backward(given)
    found["grad/x"] = dx.swapaxes(0, 1)
    found["grad/W_x"], found["grad/W_h"] = model.grads["weight_ih"].T, model.grads["weight_hh"].T
    return found | {"grad/b": model.grads["bias"]}


@dataclass(frozen=True)
class Source:
    """A plain file, and how its author calls it."""

    file: str
    run: Callable[[Any, Case], Answer]
    ids: tuple[str, ...]  # the configurations that decide whether a mutant of it is right

    @property
    def text(self) -> str:
        """What is in the file."""
        return (FOLDER / self.file).read_text()


_CLASSIFIED = (
    *("b3-t4-f2-h5-c6-tanh-noh0", "b1-t4-f2-h5-c6-tanh-noh0", "b3-t1-f2-h5-c6-tanh-noh0"),
    *("b4-t4-f4-h4-c4-tanh-noh0", "b2-t9-f3-h1-c2-tanh-noh0-lr0.5"),
)

SOURCES = {
    "attributes": Source("attributes.py", _attributes, _CLASSIFIED),
    "dictionary": Source(
        "dictionary.py",
        _dictionary,
        tuple(name.replace("tanh-noh0", "relu") for name in _CLASSIFIED),
    ),
    "columns": Source(
        "columns.py",
        _columns,
        ("b1-t4-f2-h5-c6-tanh-noh0", "b1-t1-f2-h5-c6-tanh-noh0", "b1-t5-f4-h4-c4-tanh-noh0-lr0.5"),
    ),
    "layer": Source(
        "layer.py",
        _layer,
        (
            *("b3-t4-f2-h5-c4-tanh-layer", "b1-t1-f2-h3-c4-tanh-layer"),
            *("b4-t4-f4-h4-c4-tanh-layer", "b2-t7-f3-h4-c4-tanh-layer"),
        ),
    ),
}
"""A class with attributes, functions with a dictionary, columns, a layer with its upstream."""


@dataclass(frozen=True, kw_only=True)
class MutatedFile:
    """The text of a plain file with one edit."""

    source: str  # a key of SOURCES
    edit: Edit

    @property
    def name(self) -> str:
        """The file, the function, its line and the operator."""
        return f"{self.source}:{self.edit.name}"

    @functools.cached_property
    def text(self) -> str:
        """The whole file."""
        return ast.unparse(ast.fix_missing_locations(_edited(self.source, self.edit)))

    @functools.cached_property
    def label(self) -> Label:
        """Whether it is right, by PyTorch's autograd, in the arrays that the file computes."""
        source = SOURCES[self.source]

        def run(case: Case) -> Mapping[str, Any]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = ModuleType(self.source)
                exec(compile(self.text, self.name, "exec"), vars(theirs))
                found = source.run(theirs, case)
                return {name: np.asarray(value) for name, value in found.items()}

        found = labelled(run, source.ids)
        return Label.RIGHT if found is Label.PARTIAL else found

    def written(self, folder: Path) -> Path:
        """Write it into a folder, under a name that says nothing."""
        path = folder / "mine.py"
        path.write_text(self.text)
        return path


def mutated_files() -> Iterator[MutatedFile]:
    """Yield every mutant of every file, in the order of the sources."""
    for source in SOURCES:
        for function in _functions(source):
            for edit in edits_of(function):
                yield MutatedFile(source=source, edit=edit)


@functools.cache
def _tree(source: str) -> ast.Module:
    return ast.parse(SOURCES[source].text)


def _functions(source: str) -> Iterator[ast.FunctionDef]:
    """Yield all functions but those that make weights, which nobody compares."""
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.FunctionDef) and node.name not in ("__init__", "init_params"):
            yield node


def _edited(source: str, edit: Edit) -> ast.Module:
    (function,) = (n for n in _functions(source) if n.name == edit.function.name)
    edited: ast.Module = replaced(_tree(source), function, edit.function)
    return edited
