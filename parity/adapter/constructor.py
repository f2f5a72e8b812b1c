"""Constructor: the call that makes an object, where its parameters' names are plainly sizes."""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from parity.adapter.binding import BindError

MEANINGS: Mapping[str, str] = {
    "features": r"(n_?)?(features?|inputs?|in)|(in|input|feature|embed\w*)_?(size|dims?|features)|"
    r"(size|dim)_in(put)?|num_(inputs?|features)|n_?x|vocab(ulary)?_?size|in_features",
    "hidden": r"(n_?|num_)?hiddens?|(hidden|hid|state|rnn)_?(size|dims?|units)|size_hidden|n_?h|"
    r"(num_)?units|h",
    "classes": r"(n_?)?(classes|outputs?|out)|(out|output|label|tag)_?(size|dims?|features)|"
    r"size_out(put)?|num_(classes|outputs?|labels|tags)|n_?y|out_features",
    "batch": r"(mini)?batch(_?size)?",
    "steps": r"(n_?|num_|time_?)?steps|seq(uence)?_?len(gth)?|t",
    "layers": r"(n_?|num_)?layers|depth",
    "lr": r"lr|learning_?rate|eta|step_size",
    "activation": r"nonlinearity|activation(_name)?|act",
    "bidirectional": r"bidirectional",
    "dtype": r"dtype",
}
"""What the names of a constructor's parameters mean, by the harness's own names."""

OPTIONAL = ("activation", "layers", "bidirectional", "lr", "dtype", "batch")
"""Meanings that are handed over where the parameter has a default, if the default is of the kind
that the harness has."""


def constructor_call(cls: type) -> str:
    """Return the call that makes an object of a class, as in `CharRNN(hidden, features)`.

    Raises BindError, which names the parameter that nobody can guess.
    """
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError) as error:
        raise BindError(f"`make` is needed: {cls.__name__} has no signature") from error
    return f"{cls.__name__}({', '.join(_arguments(cls, parameters))})"


def _arguments(cls: type, parameters: Any) -> Iterator[str]:
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        meaning = meaning_of(parameter.name)
        needed = parameter.default is parameter.empty
        if needed and not meaning:
            wanted = f'make="{cls.__name__}(...)"'
            told = f"nobody can guess the parameter {parameter.name!r} of {cls.__name__}"
            raise BindError(f"`make` is needed: {told}; write {wanted}")
        if needed and parameter.kind is not parameter.KEYWORD_ONLY:
            yield meaning
        elif needed or (meaning in OPTIONAL and _is_alike(meaning, parameter.default)):
            yield f"{parameter.name}={meaning}"


def _is_alike(meaning: str, default: Any) -> bool:
    """Return whether a default is of the kind that the harness would hand over."""
    if meaning == "activation":
        return default in ("tanh", "relu")
    if meaning == "bidirectional":
        return isinstance(default, bool)
    if meaning == "dtype":
        return default in ("float64", "float32") or isinstance(default, type)
    return isinstance(default, (int, float))


def meaning_of(parameter: str) -> str:
    """Return the harness's name for a parameter: `hidden` for `hidden_size`; empty if unknown."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).lower().strip("_")
    return next((m for m, names in MEANINGS.items() if re.fullmatch(names, name)), "")
