"""Entries: the functions and methods that may run a network, the likeliest names first.

In: an object or a module. Out: its own callables, each with what an expression calls it, and how
little its name says that it runs forward.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parity.adapter import names
from parity.adapter.search.calling.calls import proposals
from parity.adapter.search.calling.static import global_names
from parity.adapter.search.probe import Probe


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A function or method that may run the network."""

    name: str  # as an expression calls it
    function: Any
    penalty: float = 0.0  # how little its name says so


def resets(probe: Probe, own: Sequence[Entry]) -> tuple[str, ...]:
    """Return the calls that clear what an earlier case has left: gradients, a state, a tape."""
    found = []
    for entry in own:
        name = entry.name.rpartition(".")[2]
        if names.is_like(name, names.RESET) and not re.search("param|weight", name.lower()):
            told = list(
                itertools.islice(
                    proposals(entry.name, entry.function, probe.manner, ("h_0", "batch")), 1
                )
            )
            found += [one.text for one in told if one.is_named]
    return tuple(found)


def entries(owner: Any, module: Any) -> list[Entry]:
    """Return the callables of an object or a module, those that say that they run forward first."""
    own = _own(owner, module)
    found = []
    for name in own:
        value = getattr(owner, name)
        penalty = _penalty(name)
        found.append(Entry(name=_called(name), function=value, penalty=penalty))
    return sorted(found, key=lambda entry: entry.penalty)


def _called(name: str) -> str:
    return "model" if name == "__call__" else f"model.{name}" if name in _CASE_NAMES else name


_CASE_NAMES = {"hidden", "steps", "batch", "features", "classes", "layers", "x", "f", "b", "labels"}


def _own(owner: Any, module: Any) -> list[str]:
    if owner is module:
        names_ = [
            n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__
        ]
    else:
        kinds = [
            k
            for k in type(owner).__mro__
            if k.__module__ not in ("builtins", "torch.nn.modules.module")
        ]
        names_ = [n for kind in kinds for n in vars(kind)]
    names_ = list(dict.fromkeys(names_))
    return [
        n
        for n in names_
        if not (n in vars(object) or n in _PROTOCOL or n == "main")
        and callable(getattr(owner, n, None))
        and not isinstance(getattr(owner, n), type)
        and not _opens_files(getattr(owner, n))
    ]


def _opens_files(function: Any) -> bool:
    """Return whether a function opens a file by itself: a number could be one of ours."""
    return "open" in global_names(function)


_PROTOCOL = {
    *("__len__", "__iter__", "__next__", "__enter__", "__exit__", "__getitem__", "__setitem__"),
    *("__contains__", "__add__", "__getattr__", "__setstate__", "__post_init__", "__del__"),
}
"""Methods that the language itself calls; a `__forward__` is the author's own."""


def _penalty(name: str) -> float:
    if (rank := names.rank(name, names.FORWARD)) is not None:
        return 0.02 * rank
    base = 1.0
    for extra, words in (
        (0.2, names.LOSS),
        (0.4, names.STEP),
        (0.6, names.BACKWARD),
        (0.6, names.TRAIN),
    ):
        if names.is_like(name, words):
            base = 0.6 + extra
            break
    if names.is_like(name, (*names.UPDATE, *names.RESET, *names.MAKER, *OTHERS)):
        base += 2.0
    return base + 1.0 * name.startswith("_") * (name != "__call__")


OTHERS: names.Words = (
    *(r"sample.*", r"generate.*", r"plot.*", r"show.*", r"save.*", r"load.*"),
    *(r"print.*", r"fit.*", r"test.*", r"get_.*", r"set_.*", r".*softmax.*"),
    *(r".*tanh.*", r"sigmoid", r"relu", r".*derivative.*", r"d_.*", r"one_?hot.*"),
)
