"""Calls: which expressions may stand for the parameters of somebody's function."""

import inspect
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from parity.adapter import names
from parity.adapter.names import SIZES, VALUES, is_like, role

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
    """Return a function's parameters, without self and without * and **; empty when unknown."""
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
    for chosen in _likeliest(options):
        given = [c for c in chosen if c.text]
        arguments = [
            c.text
            if p.kind is not p.KEYWORD_ONLY and _positional(chosen, i)
            else f"{p.name}={c.text}"
            for i, (p, c) in enumerate(zip(parameters(function), chosen, strict=True))
            if c.text
        ]
        yield Call(
            text=f"{text}({', '.join(arguments)})",
            roles=tuple(c.role for c in given),
            named=all(c.sure for c in given),
            arguments={p.name: c.text for p, c in zip(parameters(function), chosen, strict=True)},
        )


def _in_turn(each: Iterable[Sequence["_Choice"]]) -> list["_Choice"]:
    """Return the first of each, then the second of each, and so on."""
    rounds = itertools.zip_longest(*each)
    return [choice for one in rounds for choice in one if choice is not None]


def _likeliest(options: Sequence[Sequence["_Choice"]]) -> Iterator[tuple["_Choice", ...]]:
    """Yield combinations of the options, those first that leave few likely ones aside."""
    ranges = [range(len(option)) for option in options]
    every = itertools.islice(itertools.product(*ranges), 40 * MOST)
    for places in sorted(every, key=sum)[:MOST]:
        chosen = tuple(option[i] for option, i in zip(options, places, strict=True))
        texts = [c.text for c in chosen if c.text]
        if len(set(texts)) == len(texts):  # nothing is given twice
            yield chosen


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
    guessed = _in_turn([_Choice(t, kind, sure=False) for t in pool.of(kind)] for kind in fallback)
    if found:
        known = {choice.text for choice in found}
        return [*found, *(default or [c for c in guessed if c.text not in known])]
    if (size := role(name, SIZES)) is not None and (default or meaning is None):
        return default if default and size != "lr" else [_Choice(SIZE[size], size)]
    if default:
        return default
    return guessed


def constructions(text: str, cls: Any, module: Any) -> Iterator[Call]:
    """Yield ways to construct a class: by the names of its parameters, then by trial.

    An activation, an optimiser or an initialiser is given as the code seems to want it.
    """
    needed = [role(p.name, names.WEIGHTS) for p in parameters(cls) if is_required(p)]
    by_weights = {"W_x", "W_h"} <= set(needed)
    options = [_made_of(p, module, takes_weights=by_weights) for p in parameters(cls)]
    _hidden_last(options)
    sizes = [place for place, option in enumerate(options) if not option]
    used = {choice.role for option in options for choice in option}
    every = [f"config.{n}" for n in ("features", "hidden", "classes") if n not in used]
    every += [f"config.{n}" for n in ("features", "hidden", "classes") if n in used]
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


def _made_of(parameter: inspect.Parameter, module: Any, *, takes_weights: bool) -> list[_Choice]:
    """Return the expressions for one parameter of a constructor; nothing for an unknown size."""
    name = parameter.name
    part = role(name, names.WEIGHTS)
    if is_required(parameter) and takes_weights and part is not None:
        return [_Choice(f"case.{part}.copy()", part), _Choice(f"case.{part}.T.copy()", part)]
    if _is_activation(parameter):
        return _activation(parameter)
    for words, texts in _besides(module).items():
        if is_like(name, words):
            keep = [] if is_required(parameter) else [_Choice("")]
            given = [_Choice(text, kind) for text, kind in texts]
            return [*given, *keep] if words in EVEN_BY_DEFAULT else (keep or given)
    return _size(parameter)


EVEN_BY_DEFAULT = (names.OPTIMISER, names.INITIAL_STATE, names.DTYPE, names.PENALTY)
"""Parameters that are given in spite of a default: the case's, and no loss of other terms."""


def _besides(module: Any) -> dict[names.Words, list[tuple[str, str]]]:
    """Return what a constructor may want beside sizes: expressions, and the roles they play."""
    return {
        names.OPTIMISER: [(text, "lr") for text in _helpers(module, names.OPTIMISERS)],
        names.INITIAL_STATE: [("case.h_0.copy()", "h_0")],
        names.INITIALISER: [(text, "") for text in _helpers(module, names.INITIALISER)],
        names.SEED: [("0", ""), ("np.random.default_rng(0)", "")],
        names.PENALTY: [("0.0", "")],
        names.TRUNCATION: [("1000", "")],
        names.KNOB: [("0.01", "")],
        names.DTYPE: [("config.dtype", "dtype")],
    }


def _is_activation(parameter: inspect.Parameter) -> bool:
    """Return whether a nonlinearity is wanted; f and the like say so by a function as default."""
    default = parameter.default
    by_itself = callable(default) and not is_required(parameter) and not isinstance(default, type)
    named = is_like(parameter.name, names.ACTIVATION)
    return named or (by_itself and is_like(parameter.name, names.FUNCTION))


def _activation(parameter: inspect.Parameter) -> list[_Choice]:
    """Return an activation as its default has it: by name, as a function, or as an own object."""
    default = parameter.default
    keep = [] if is_required(parameter) else [_Choice("")]
    by_name = _Choice("config.activation", "activation")
    by_function = _Choice("ACTIVATIONS[config.activation]", "activation")
    if isinstance(default, str):
        return [by_name, *keep]
    if callable(default) or not keep:
        return [by_function, by_name, *keep]
    return [*keep, by_name, by_function]


def _size(parameter: inspect.Parameter) -> list[_Choice]:
    keep = [] if is_required(parameter) else [_Choice("")]
    size = role(parameter.name, SIZES)
    if size is None:
        return keep
    sized = _Choice(SIZE[size], size)
    if is_required(parameter) or size == "lr":
        return [sized]
    return [sized, *keep] if size in ("features", "hidden", "classes") else keep


def _helpers(module: Any, pattern: names.Words) -> list[str]:
    """Return constructions of the module's own classes of such a name: an optimiser's takes lr."""
    found = []
    for name, value in vars(module).items():
        if (
            isinstance(value, type)
            and value.__module__ == module.__name__
            and is_like(name, pattern)
        ):
            required = [
                p for p in parameters(value) if is_required(p) or role(p.name, SIZES) == "lr"
            ]
            rate = [("case.lr" if role(p.name, SIZES) == "lr" else "0.01") for p in required]
            found.append(f"theirs.{name}({', '.join(rate)})")
    return found


def others(owner: Any, known: Sequence[str]) -> list[str]:
    """Return the names of somebody's own public callables beside those that are `known`."""
    if isinstance(owner, ModuleType):
        own = [n for n, v in vars(owner).items() if getattr(v, "__module__", "") == owner.__name__]
    else:
        own = [n for kind in type(owner).__mro__[:-1] for n in vars(kind)]
    return [
        name
        for name in dict.fromkeys(own)
        if not name.startswith("_")
        and name not in (*known, "main")
        and callable(getattr(owner, name, None))
        and not isinstance(getattr(owner, name), type)
    ]


def members(value: Any, pattern: names.Words) -> list[str]:
    """Return the names of an object's or module's callables that match, the likeliest first."""
    found = []
    for name in dir(value):
        if name.startswith("__") and name != "__call__":
            continue
        if is_like(name, pattern) and callable(getattr(value, name, None)):
            found.append(name)
    return sorted(found, key=lambda name: (names.rank(name, pattern) or 0, name))
