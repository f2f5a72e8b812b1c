"""Calls: which expressions may stand for the parameters of somebody's function."""

import inspect
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parity.adapting import names
from parity.adapting.names import SIZES, VALUES, is_like, role

MOST = 500
"""Combinations of arguments that are tried for one call."""

SIZE = {
    "features": "config.features",
    "hidden": "config.hidden",
    "classes": "config.classes",
    "batch": "config.batch",
    "steps": "config.steps",
    "lr": "case.lr",
}


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The expressions that are at hand, by what they are; the likeliest first."""

    values: Mapping[str, Sequence[str]]
    locals: Mapping[str, str] = field(default_factory=dict)  # by a parameter's own name

    def of(self, *roles: str) -> list[str]:
        """Return the expressions for some roles."""
        return [text for name in roles for text in self.values.get(name, ())]


def parameters(function: Any) -> list[inspect.Parameter]:
    """Return what a function takes, without self and without * and **; empty when unknown."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in found if p.kind in (*plain, inspect.Parameter.KEYWORD_ONLY)]


def is_required(parameter: inspect.Parameter) -> bool:
    """Return whether a call must give this parameter."""
    return parameter.default is inspect.Parameter.empty


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as text, and the roles that its arguments play."""

    text: str
    roles: tuple[str, ...]
    named: bool  # every argument's name says what it is
    arguments: Mapping[str, str] = field(default_factory=dict)  # by the parameters' names


def calls(
    text: str, function: Any, pool: Pool, among: Sequence[str], *, fallback: Sequence[str] = ()
) -> Iterator[Call]:
    """Yield calls of `function`: by the names of its parameters, `fallback` for the unknown.

    `among`: the roles that its arguments can play, in the order in which names are tried.
    """
    options = [_options(p, pool, among, fallback) for p in parameters(function)]
    if any(not option for option in options):
        return
    for chosen in itertools.islice(itertools.product(*options), MOST):
        given = [c for c in chosen if c.text]
        arguments = [
            c.text if p.kind is not p.KEYWORD_ONLY and _positional(chosen, i) else f"{p.name}={c.text}"
            for i, (p, c) in enumerate(zip(parameters(function), chosen, strict=True))
            if c.text
        ]
        yield Call(
            text=f"{text}({', '.join(arguments)})",
            roles=tuple(c.role for c in given),
            named=all(c.sure for c in given),
            arguments={p.name: c.text for p, c in zip(parameters(function), chosen, strict=True)},
        )


@dataclass(frozen=True)
class _Choice:
    text: str  # empty: the parameter keeps its default
    role: str = ""
    sure: bool = True


def _positional(chosen: Sequence[_Choice], i: int) -> bool:
    return all(c.text for c in chosen[: i + 1])


def _options(
    parameter: inspect.Parameter, pool: Pool, among: Sequence[str], fallback: Sequence[str]
) -> list[_Choice]:
    name = parameter.name
    if name in pool.locals:
        return [_Choice(pool.locals[name], "local")]
    patterns = {meaning: VALUES[meaning] for meaning in among if meaning in VALUES}
    meaning = role(name, patterns)
    found: list[_Choice] = []
    if meaning is not None:
        found = [_Choice(text, meaning) for text in pool.of(meaning)]
    default = [] if is_required(parameter) else [_Choice("")]
    if found:
        return [*found, *default]
    if (size := role(name, SIZES)) is not None and (default or meaning is None):
        return default if default and size != "lr" else [_Choice(SIZE[size], size)]
    if default:
        return default
    return [_Choice(text, kind, sure=False) for kind in fallback for text in pool.of(kind)]


def constructions(text: str, cls: Any, module: Any) -> Iterator[Call]:
    """Yield ways to construct a class: by the names of its parameters, then by trial.

    An activation, an optimiser or an initialiser is given as the code seems to want it.
    """
    options: list[list[_Choice]] = []
    required = [p for p in parameters(cls) if is_required(p)]
    weights = any(re.fullmatch(r"W_?h{1,2}|W_?hh|W_?rec|Whh", p.name) for p in required)
    for parameter in parameters(cls):
        options.append(_made_of(parameter, module, takes_weights=weights))
    _hidden_last(options)
    sizes = [place for place, option in enumerate(options) if not option]
    every = [f"config.{name}" for name in ("features", "hidden", "classes")]
    for order in itertools.permutations(every, len(sizes)) if len(sizes) <= len(every) else ():
        filled = [list(option) for option in options]
        for place, size in zip(sizes, order, strict=True):
            filled[place] = [_Choice(size, "size", sure=False)]
        for chosen in itertools.islice(itertools.product(*filled), MOST):
            arguments = [
                c.text if _positional(chosen, i) and p.kind is not p.KEYWORD_ONLY
                else f"{p.name}={c.text}"
                for i, (p, c) in enumerate(zip(parameters(cls), chosen, strict=True))
                if c.text
            ]  # fmt: skip
            roles = tuple(c.role for c in chosen if c.text)
            yield Call(text=f"{text}({', '.join(arguments)})", roles=roles, named=not sizes)


def _hidden_last(options: list[list[_Choice]]) -> None:
    """Take the outputs of a layer, which has no classes, for its hidden units."""
    every = [choice.role for option in options for choice in option]
    if "hidden" in every or "classes" not in every:
        return
    for option in options:
        option[:] = [
            _Choice(SIZE["hidden"], "hidden") if c.role == "classes" else c for c in option
        ]


def _made_of(
    parameter: inspect.Parameter, module: Any, *, takes_weights: bool
) -> list[_Choice]:
    name, default = parameter.name, parameter.default
    required = is_required(parameter)
    keep = [] if required else [_Choice("")]
    if required and takes_weights and (part := role(name, names.WEIGHTS)) is not None:
        return [_Choice(f"case.{part}.copy()", part), _Choice(f"case.{part}.T.copy()", part)]
    by_itself = callable(default) and not required and not isinstance(default, type)
    if is_like(name, r"act(ivation)?(_?(fn|func|function|name))?|non_?lin.*|phi") or (
        by_itself and is_like(name, r"f|fn|func|function|sigma|g")
    ):
        by_name, by_function = (
            _Choice("config.activation", "activation"),
            _Choice("ACTIVATIONS[config.activation]", "activation"),
        )
        if isinstance(default, str):
            return [by_name, *keep]
        if callable(default) or required:
            return [by_function, by_name, *keep]
        return [*keep, by_name, by_function]
    if is_like(name, r"optim.*|opt|solver|updater"):
        return [*(_Choice(text, "lr") for text in _helpers(module, r".*(sgd|optim|descent).*")), *keep]
    if is_like(name, r".*init.*") and required:
        return [_Choice(text) for text in _helpers(module, r".*init.*")]
    if is_like(name, r"h_?0|h_?init|init(ial)?_?(h.*|state)"):
        return [_Choice("case.h_0.copy()", "h_0"), *keep]
    if is_like(name, r".*seed|random_state|rng"):
        return keep or [_Choice("0"), _Choice("np.random.default_rng(0)")]
    if is_like(name, r".*(bptt|trunc|clip|momentum|decay|sigma|scale|std|epoch|bias|verbose|iter).*"):
        return keep or [_Choice("1000" if "trunc" in name or "bptt" in name else "0.01", sure=False)]
    if is_like(name, r"d_?type"):
        return [_Choice("config.dtype"), *keep]
    size = role(name, SIZES)
    if size is None:
        return keep
    sized = [_Choice(SIZE[size], size)]
    if required or size == "lr":
        return sized
    return [*sized, *keep] if size in ("features", "hidden", "classes") else keep


def _helpers(module: Any, pattern: str) -> list[str]:
    """Return constructions of the module's own classes of such a name: an optimiser's takes lr."""
    found = []
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__ and is_like(name, pattern):
            required = [p for p in parameters(value) if is_required(p) or role(p.name, SIZES) == "lr"]
            rate = [("case.lr" if role(p.name, SIZES) == "lr" else "0.01") for p in required]
            found.append(f"theirs.{name}({', '.join(rate)})")
    return found


def members(value: Any, pattern: str) -> list[str]:
    """Return the names of an object's or module's callables that match, the likeliest first."""
    found = []
    for name in dir(value):
        if name.startswith("__") and name != "__call__":
            continue
        if is_like(name, pattern) and callable(getattr(value, name, None)):
            found.append(name)
    return sorted(found, key=lambda name: (names.rank(name, pattern), name))
