"""Bind: the way by hand from somebody's class or functions to a `run(case)`, in five lines.

    run = bind(
        CharRNN,
        make="CharRNN(hidden, features, classes)",
        W_x="Wxh.T", W_h="Whh.T", b="bh[:, 0]", W_out="Why.T", b_out="by[:, 0]",
        forward="forward(x.T) -> hidden: states.T",
    )

Every item is Python, except for the arrow. The names that it knows are listed in
`parity.adapter.running.scope`, and in docs/your-own-rnn.md.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from parity.adapter.binding import CALLS, BindError, Binding, Call
from parity.adapter.checking.answers import shapes_of
from parity.adapter.checking.check import checked
from parity.adapter.constructor import constructor_call
from parity.adapter.expressions import has_blank, names_in, parsed
from parity.adapter.running.interpreter import Run
from parity.model.config import OPTIONS, Config
from parity.model.errors import ConfigError, SubjectError
from parity.model.names import ArrayName
from parity.model.options import Choice
from parity.subjects import capabilities

PARAMETERS = ("W_x", "W_h", "b", "W_out", "b_out", "h_0")

SIZES = ("batch", "steps", "features", "hidden", "classes", "layers", "lr")
"""Sizes that may have a place, as a global of a script has; a number restricts them instead."""

LISTS = ("setup", "reset")

SWITCHES = ("tensors", "fresh", "by_steps")

STEPPING = {"update", "train"}
"""Calls after which the weights are read."""


def bind(target: Any, /, **items: Any) -> Run:
    """Return the `run(case)` of a class, a function, a module or a dictionary of functions.

    make: the call that makes an object of a class; left out where its parameters are plainly sizes.
    setup, reset: calls, as text or as a list: once after it is made, and before every case.
    W_x, W_h, b, W_out, b_out, h_0: the place of each array, in the harness's own layout.
    forward, loss, backward, update, train: calls, made in this order. After an arrow stands where
        each answer is: `forward(x) -> hidden: states.T, logits: out`. Without an arrow the answers
        are known by their shapes.
    tensors: whether arrays are handed over as PyTorch tensors.
    fresh: whether every case gets an object of its own.
    by_steps: whether gradients are read off the steps, (w - w') / lr, where no call answers them.
    hidden, features ...: with text, the place of a size that somebody's code reads.
    config: the only values of options that it supports, as CONFIG beside a `run`; each may be an
        item of its own, too: `activation="tanh"`, or `loss="squared"` where no call is named loss.
    options: further options that it supports, as OPTIONS beside a `run` does.
    lacking: a part of the code that is not asked for, as text: then the verdict is INCOMPLETE.
    Any other name: a value that expressions know, as in `params="{}"`.

    Each item is checked at once on a small case.
    Raises BindError, with one line that names the item.
    """
    binding = binding_of(target, items)
    module = home(target)
    run = Run(checked(binding, module), module)
    run.__module__ = str(sys._getframe(1).f_globals.get("__name__", ""))  # noqa: SLF001 - as namedtuple
    return run


# -- where names are looked up ---------------------------------------------------------------------


def home(target: Any) -> Any:
    """Return what knows the names of a target: its module, or a dictionary of functions."""
    if isinstance(target, (ModuleType, Mapping)):
        return target
    name = getattr(target, "__name__", "")
    if not (callable(target) and name):
        raise BindError(
            "bind takes a class, a function, a module or a dictionary of functions, "
            f"got {'an object of ' * callable(target)}{type(target).__name__}"
        )
    module = sys.modules.get(getattr(target, "__module__", ""))
    return module if getattr(module, name, None) is target else _Beside(module, name, target)


class _Beside:
    """A module, and a class or function beside it that is not one of its names."""

    def __init__(self, module: ModuleType | None, name: str, target: Any) -> None:
        vars(self).update(_module=module, **{name: target})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._module, name, value)

    def __dir__(self) -> Iterable[str]:
        return [*vars(self), *dir(self._module)]


# -- items -----------------------------------------------------------------------------------------


def binding_of(target: Any, items: Mapping[str, Any]) -> Binding:
    """Return the binding of these items, not yet checked. Raises BindError for a wrong one."""
    config = {name: value for name, value in items.items() if _is_option(name, value)}
    rest = {name: value for name, value in items.items() if name not in config}
    config |= _config(rest.pop("config", {}))
    make = _text("make", rest.pop("make", ""))
    if isinstance(target, type) and not make:
        make = constructor_call(target)
    lists = {name: tuple(_texts(name, rest.pop(name, ()))) for name in LISTS}
    tensors, fresh, by_steps = (bool(rest.pop(name, False)) for name in SWITCHES)
    knows = _known(rest.pop("options", ()))
    lacking = _text("lacking", rest.pop("lacking", ""))
    calls = {name: _call(name, rest.pop(name)) for name in CALLS if name in rest}
    places = {n: _expression(n, rest.pop(n)) for n in (*SIZES, *PARAMETERS) if n in rest}
    values = {name: _expression(name, text) for name, text in rest.items()}
    binding = Binding(
        make=_expression("make", make) if make else "",
        setup=lists["setup"],
        reset=lists["reset"],
        values=values,
        parameters=places,
        by_steps=by_steps,
        calls=calls,
        config=config,
        knows=knows,
        tensors=tensors,
        fresh=fresh,
        lacking=lacking,
    )
    _refuse_unused(binding)
    _refuse_silent(calls)
    return binding


def _is_option(name: str, value: Any) -> bool:
    """Return whether an item restricts an option; `loss="loss(labels)"` is a call.

    Raises BindError where a plain word is not one of the option's choices.
    """
    if name not in OPTIONS:
        return False
    try:
        OPTIONS[name].check(name, value)
    except ConfigError as error:
        if isinstance(value, str) and not (
            isinstance(OPTIONS[name], Choice) and value.isidentifier() and name not in CALLS
        ):
            return False
        raise BindError(str(error)) from error
    return True


def _text(name: str, value: Any) -> str:
    if value is ...:
        raise BindError(f"`{name}` is open: write it in the place of `...`")
    if not isinstance(value, str):
        raise BindError(
            f"`{name}` must be text, as in {_EXAMPLES.get(name, _PLACE)}, got {value!r}"
        )
    return value


_PLACE = 'W_x="Wxh.T"'
_EXAMPLES = {
    "make": 'make="RNN(features, hidden)"',
    "setup": 'setup="initialize()"',
    "reset": 'reset="zero_grad()"',
    "forward": 'forward="forward(x) -> hidden: out"',
    "loss": 'loss="loss(labels) -> loss: out"',
    "backward": 'backward="backward(labels) -> grad/W_x: dWx"',
    "update": 'update="step(lr)"',
    "train": 'train="train_step(x, labels, lr)"',
}


def _texts(name: str, value: Any) -> Iterator[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, Iterable):
        raise BindError(f"`{name}` must be text or a list of texts, got {value!r}")
    yield from (_expression(name, text) for text in texts)


def _expression(name: str, value: Any) -> str:
    text = _text(name, value).strip()
    try:
        parsed(text)
    except SubjectError as error:
        raise BindError(f"`{name}`: {error}") from error
    return text


def _call(name: str, value: Any) -> Call:
    try:
        call = Call.parse(_text(name, value))
    except BindError:
        raise
    except SubjectError as error:
        raise BindError(f"`{name}`: {error}") from error
    if any(map(has_blank, (call.expression, *(where for _, where in call.answers)))):
        raise BindError(f"`{name}` is open: `{call}` has a `...`")
    for answer, _ in call.answers:
        if ArrayName.parse(answer).quantity not in _QUANTITIES:
            among = ", ".join(_ANSWERS)
            raise BindError(f"`{name}`: `{answer}` is not an answer: one of {among}")
    return call


_ANSWERS = tuple(n for n in shapes_of(Config()) if not n.endswith(("/b_hh", "step/x", "step/h_0")))
_QUANTITIES = {ArrayName.parse(name).quantity for name in shapes_of(Config())}


def _config(asks: Any) -> dict[str, Any]:
    try:
        return capabilities.checked(asks, "bind")
    except ConfigError as error:
        raise BindError(f"`config`: {error}") from error


def _known(options: Any) -> tuple[str, ...]:
    try:
        return capabilities.known(options, "bind")
    except ConfigError as error:
        raise BindError(f"`options`: {error}") from error


def _refuse_silent(calls: Mapping[str, Call]) -> None:
    """Refuse a binding without a call, or with a backward pass of which nothing is read."""
    if not calls:
        raise BindError('no call is given: write forward="forward(x) -> hidden: out"')
    if "backward" in calls and not calls["backward"].answers and not calls.keys() & STEPPING:
        wanted = f"{calls['backward']} -> grad/W_x: dWx"
        raise BindError(f"`backward`: write where the gradients are, as in `{wanted}`")


def _refuse_unused(binding: Binding) -> None:
    """Refuse a named value that nothing uses: it was meant to be something else."""
    for name in binding.values:
        if name not in set(_names(binding, name)):
            among = ", ".join((*PARAMETERS, "make", *LISTS, *CALLS))
            raise BindError(f"`{name}` is not a parameter, and no item uses it: one of {among}")


def _names(binding: Binding, but: str) -> Iterator[str]:
    """Yield the names that the items of a binding use, without one of its own values."""
    texts = [text for name, text in binding.values.items() if name != but]
    texts += [binding.make or "0", *binding.setup, *binding.reset, *binding.parameters.values()]
    for call in binding.calls.values():
        texts += [call.expression, *(where for _, where in call.answers)]
    for text in texts:
        yield from names_in(text)
