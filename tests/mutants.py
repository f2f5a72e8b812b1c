"""Planted bugs: one edit in a copy of `scratch`, and the arrays in which it must be caught."""

import importlib.util
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import scratch
from parity.subject import Subject

SCRATCH = Path(scratch.__file__).parent


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """An edit of one file: `old`, which must stand there exactly once, becomes `new`."""

    file: str
    old: str
    new: str
    first: str  # the first array, in computation order, that differs
    spared: tuple[str, ...] = ()  # arrays that stay right
    chapter: str = "gradients"


RECURRENT = ("grad/W_x", "grad/W_h", "grad/b")
HEAD = ("logits", "loss", "grad/W_out", "grad/b_out")

MUTANTS = {
    "W_h not transposed in the backward": Mutant(
        file="rnn.py",
        old="np.ascontiguousarray(W_h.T)",
        new="np.ascontiguousarray(W_h)",
        first="grad/W_x",
        spared=("hidden", *HEAD),
    ),
    "recurrent gradients divided by the batch twice": Mutant(
        file="rnn.py",
        old="flat = da.reshape(-1, self.n_nodes)",
        new="flat = da.reshape(-1, self.n_nodes) / batch",
        first="grad/W_x",
        spared=("hidden", *HEAD, "grad/h_0"),
    ),
    "no gradient through time": Mutant(
        file="rnn.py",
        old="da[t] += np.dot(da[t + 1], W_h_T, out=recurrent)",
        new="pass",
        first="grad/W_x",
        spared=("hidden", *HEAD),
    ),
    "h[t] for h[t-1] in the gradient of W_h": Mutant(
        file="rnn.py",
        old="kept.states[:-1].reshape",
        new="kept.states[1:].reshape",
        first="grad/W_h",
        spared=("hidden", *HEAD, "grad/W_x", "grad/b", "grad/x", "grad/h_0"),
    ),
    "tanh's derivative of the activated value": Mutant(
        file="_activations.py",
        old="slope = np.multiply(h, h)",
        new="slope = np.tanh(h) ** 2",
        first="grad/W_x",
        spared=("hidden", *HEAD),
    ),
    "tanh's derivative with relu": Mutant(
        file="_activations.py",
        old="np.greater(h, 0).astype(h.dtype)",
        new="_tanh_slope(h)",
        first="grad/W_x",
        spared=("hidden", *HEAD),
    ),
    "loss summed, not averaged": Mutant(
        file="loss.py",
        old="- shifted[rows, labels]).mean()",
        new="- shifted[rows, labels]).sum()",
        first="loss",
        spared=("hidden", "logits", *RECURRENT, "grad/W_out", "grad/b_out"),
        chapter="forward",
    ),
    "step with twice the rate": Mutant(
        file="classifier.py",
        old="weight - self.lr * self.grads[name]",
        new="weight - 2 * self.lr * self.grads[name]",
        first="step/W_out",
        spared=("hidden", *HEAD, *RECURRENT),
        chapter="step",
    ),
}


def plant(mutant: Mutant, folder: Path) -> Path:
    """Copy `scratch` into `folder` with the edit made; return the copy."""
    copy = folder / "mutant"
    shutil.copytree(SCRATCH, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file in copy.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        if file.name == mutant.file:
            assert text.count(mutant.old) == 1, f"stale mutant: {mutant.old!r} in {mutant.file}"
            text = text.replace(mutant.old, mutant.new)
        text = re.sub(r"\bfrom scratch\b", "from mutant", text)
        file.write_text(text, encoding="utf-8")
    return copy


def load(mutant: Mutant, folder: Path) -> Subject:
    """Import the planted copy, under a name of its own, as a subject."""
    copy = plant(mutant, folder)
    for name in [n for n in sys.modules if n.partition(".")[0] == "mutant"]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location("mutant", copy / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutant"] = module
    spec.loader.exec_module(module)
    return Subject(name="mutant", run=module.run)
