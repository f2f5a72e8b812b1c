"""Checks: every item of a binding on its own, on a small case whose sizes all differ.

A mistake is one line that names the item. The network's own wrong numbers are none.
"""

import contextlib
import difflib
import io
import re
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from parity.adapter import borders, implied
from parity.adapter.binding import BindError, Binding, Call, Certainty, Remark
from parity.adapter.by_shape import answers_in, parts_of
from parity.adapter.expressions import evaluate, names_in, summands
from parity.adapter.interpreter import AXES_OF_A_CELL, AnswerError, Session, made, of_cell
from parity.adapter.scope import CaseNames, Scope
from parity.cases.draw import draw
from parity.model.case import Case, layout
from parity.model.config import Config
from parity.model.errors import ConfigError, SubjectError
from parity.model.names import ArrayName

Shape = tuple[int, ...]

SIZES = {"batch": 2, "steps": 3, "features": 4, "hidden": 5, "classes": 7}
LAYERED = SIZES | {"batch": 6, "features": 8}
"""The sizes of the probing case, all different; also from the number of layers and directions."""

_HARNESS = str(Path(__file__).parents[1])


def probing(binding: Binding) -> Case:
    """Return the case on which a binding is checked. Raises BindError for wrong options."""
    knows = binding.knows
    several = {"layers": 2} if "layers" in knows else {}
    several |= {"bidirectional": True} if "bidirectional" in knows else {}
    layered = several or {"layers", "bidirectional"} & binding.config.keys()
    try:
        sizes = Config().replace(**(LAYERED if layered else SIZES), **several)
        return draw(sizes.replace(**binding.config))
    except ConfigError as error:
        raise BindError(str(error)) from error


def checked(binding: Binding, module: Any) -> Binding:
    """Return the binding with what follows from one run of it: answers that nobody has named.

    Raises BindError for the first item that is wrong.
    """
    binding = _with_options(binding)
    case = probing(binding)
    with _quiet():
        check = _Check(binding, module, case)
        found = check.run()
    if found is not None:
        return checked(found, module)
    _refuse_unplaced(binding)
    return _with_activation(binding, check.session)


def _with_options(binding: Binding) -> Binding:
    follow = implied.options(binding)
    told = {name: Remark(certainty=Certainty.LIKELY, text=_WHY.get(name, "")) for name in follow}
    return replace(
        binding,
        config={**binding.config, **follow},
        knows=implied.knows(binding),
        remarks={**told, **binding.remarks},
    )


_WHY = {
    "initial": "no item uses h_0",
    "bias": "no item uses b",
    "kind": "by the names that the items use",
    "loss": "by the names that the items use",
    "data": "an item uses ids",
}


def _with_activation(binding: Binding, session: Session) -> Binding:
    if "activation" in binding.config or implied.tells_activation(implied.used(binding)):
        return binding
    remark = Remark(certainty=Certainty.LIKELY, text="its answers are nearest to it")
    return replace(
        binding,
        config={**binding.config, "activation": _nearest(session)},
        remarks={**binding.remarks, "activation": remark},
    )


def _nearest(session: Session) -> str:
    """Return the activation by whose equations the answers are the nearest."""
    for name in ("hidden", "every_logits", "logits"):
        if name in session.answers:
            own = np.asarray(session.answers[name])
            break
    else:
        return "tanh"

    def distance(activation: str) -> float:
        config = session.case.config.replace(activation=activation)
        names = CaseNames(session.case.replace(config))
        right = names.states() if name == "hidden" else names.logits(every=name != "logits")
        return float(np.nan_to_num(np.abs(own - right)).mean()) if own.shape == right.shape else 0.0

    return min(("tanh", "relu"), key=distance)


def _refuse_unplaced(binding: Binding) -> None:
    """Refuse a weight that the network is never given."""
    head = ("W_out", "b_out") if binding.config.get("kind") == "classifier" else ()
    names = implied.used(binding)
    if head and not names & {"logits", "every_logits", "loss", "W_out"}:
        head = ()
    hint = {"b_out": "; of a head without it, `logits: out + b_out`"}
    for name in ("W_x", "W_h", *head):
        if name not in names:
            raise BindError(
                f'`{name}` has no place, and no call takes it: add {name}="..."{hint.get(name, "")}'
            )


class _Check:
    """One run of a binding on the probing case, each item checked when it is done."""

    def __init__(self, binding: Binding, module: Any, case: Case) -> None:
        self.binding, self.module, self.case = binding, module, case
        model = made(binding, module, case, self._within) if binding.make else None
        self.session = Session(binding, module, case, model)

    def run(self) -> Binding | None:
        """Do every piece; return a better binding where a call's answers were found by shape."""
        for piece in self.session.pieces():
            is_place = piece.item.partition("_l")[0] in self.binding.parameters
            if ArrayName.parse(piece.item).quantity in self.binding.parameters or is_place:
                self._refuse_place(piece.item, piece.text)
            with self._within(piece.item, piece.text):
                piece.do()
            if piece.item in self.binding.calls:
                call = self.binding.calls[piece.item]
                if (better := self._named(piece.item, call)) is not None:
                    return better
                self._check_answers(piece.item, call)
            elif ArrayName.parse(piece.item).quantity in self.binding.parameters:
                self._refuse_lost(piece.item, piece.text)
        return None

    # -- errors ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _within(self, item: str, text: str) -> Iterator[None]:
        try:
            yield
        except BindError:
            raise
        except SubjectError as error:
            cause = error.__cause__ if isinstance(error, AnswerError) else None
            raise BindError(f"`{item}`: {error}{self._hint(cause)}") from error
        except (Exception, SystemExit) as error:
            said = f"raised {type(error).__name__}" + (f": {error}" if str(error) else "")
            place = _place(error)
            what = "" if place and item != "make" else f": {text}"
            raise BindError(f"`{item}`{what} {said}{place}{self._hint(error)}") from error

    def _hint(self, error: BaseException | None) -> str:
        """Return the names that are like the one that is not known."""
        if not isinstance(error, (NameError, AttributeError, KeyError)):
            return ""
        found = re.search(r"name '(\w+)'|attribute '(\w+)'|^'(\w+)'", str(error))
        if found is None or _place(error):
            return ""
        name = next(filter(None, found.groups()))
        return _did_you_mean(name, self._known())

    def _known(self) -> list[str]:
        session = getattr(self, "session", None)
        own = [] if session is None else [*_names_of(session.model), *session.values]
        return [*own, *_names_of(self.module), *self.case.arrays]

    # -- places ------------------------------------------------------------------------------------

    def _refuse_place(self, name: str, text: str) -> None:
        """Refuse a place that is not there, or whose array has another shape."""
        both = summands(text)
        for place in (text,) if both is None else both:
            self._refuse_one(name, place)

    def _refuse_one(self, name: str, place: str) -> None:
        scope, wanted = self._scope(name), self._shape(name)
        try:
            there = evaluate(place, scope)
        except Exception as error:  # noqa: BLE001 - whatever somebody's object raises
            self._refuse_missing(name, place, error)
            return
        array = borders.as_array(there)
        if array is None or array.shape == wanted or not self._is_own(place):
            return
        raise BindError(
            f"`{place}` has shape {array.shape}, {name} has {wanted}{_repair(place, array, wanted)}"
        )

    def _refuse_missing(self, name: str, place: str, error: Exception) -> None:
        """Refuse a name that neither exists nor is used by somebody's code: a slip of the pen."""
        root = next(iter(sorted(names_in(place) - {"layer", "reverse", "direction"})), "")
        if isinstance(error, (TypeError, IndexError)) or root in self.binding.values:
            return  # None, or a dictionary of the binding's own: it is about to be filled
        if isinstance(error, NameError):
            wanted, own = root, [*_names_of(self.session.model), *_names_of(self.module)]
        elif isinstance(error, AttributeError):
            found = re.search(r"attribute '(\w+)'", str(error))
            wanted, own = (found[1] if found else ""), self._known()
        elif isinstance(error, KeyError):
            wanted, own = str(error.args[0]) if error.args else "", self._keys(place, name)
        else:
            return
        if not wanted or not own or wanted in _words_of_code(self.session.model, self.module):
            return
        raise BindError(
            f"`{name}`: there is no {wanted!r} in `{place}`{_did_you_mean(wanted, own)}"
        )

    def _keys(self, place: str, name: str) -> list[str]:
        """Return the keys of the dictionary in which a place is."""
        owner = re.sub(r"\[[^\[\]]*\](\.T)?$", "", place)
        with contextlib.suppress(Exception):
            held = evaluate(owner, self._scope(name))
            return [str(key) for key in held] if isinstance(held, Mapping) else []
        return []

    def _is_own(self, place: str) -> bool:
        """Return whether a place is in an object that was made with the case's sizes."""
        roots = names_in(place)
        own = {"self", "model", *_names_of(self.session.model)}
        return self.session.model is not None and bool(roots & own)

    def _refuse_lost(self, name: str, place: str) -> None:
        """Refuse a place in which the array is not found again."""
        try:
            now = borders.answer(evaluate(place, self._scope(name)))
        except Exception as error:
            said = f"raised {type(error).__name__}: {error}"
            raise BindError(f"`{name}`: `{place}` was set, and then {said}") from error
        value = getattr(self.case, name)
        if not (borders.holds(now, value) or _is_near(now, value)):
            raise BindError(f"`{name}`: `{place}` does not hold the array that was written to it")

    def _scope(self, name: str) -> Scope:
        return self.session._answers(**of_cell(ArrayName.parse(name).cell))  # noqa: SLF001

    def _shape(self, name: str) -> Shape:
        shape: Shape = getattr(self.case, name).shape
        return shape

    # -- answers -----------------------------------------------------------------------------------

    def _named(self, item: str, call: Call) -> Binding | None:
        """Return a binding in which the answers of a call without any are named by their shapes."""
        if call.answers or item not in ("forward", "loss"):
            return None
        every = self._returned(call)
        wanted = _by_shape(self.case.config, item, looped=bool(call.loop))
        answers = answers_in(every, wanted, self.case.config)
        if not answers:
            if item == "loss" or set(call.targets):
                return None  # kept for a later call
            shapes = ", ".join(f"{text} {_told(value)}" for text, value in every.items())
            raise BindError(
                f"`{item}`: no answer is named, and none has the shape of one: {shapes}; write "
                f"where it is, as in `{call} -> hidden: out`"
            )
        remark = Remark(certainty=Certainty.LIKELY, text="its answers are told by their shapes")
        calls = {**self.binding.calls, item: replace(call, answers=answers)}
        return replace(self.binding, calls=calls, remarks={**self.binding.remarks, item: remark})

    def _returned(self, call: Call) -> dict[str, Any]:
        if call.targets:
            return {name: self.session.values[name] for name in call.targets if name.isidentifier()}
        return parts_of(self.session.values["out"])

    def _check_answers(self, item: str, call: Call) -> None:
        shapes = shapes_of(self.case.config)
        for name, where in call.answers:
            for own, array in self._arrays(name):
                if not isinstance(array, np.ndarray) or array.dtype.kind not in borders.KINDS:
                    kind = _told(self.session.answers[own])
                    raise BindError(
                        f"`{item}`: the answer `{name}: {where}` is not numbers: {kind}"
                    )
                wanted = shapes[own]
                if array.shape != wanted and _is_misread(own, array.shape, wanted, shapes):
                    raise BindError(
                        f"`{item}`: the answer `{name}: {where}` has shape {array.shape}, "
                        f"expected {_axes(own, wanted)}{_repair(where, array, wanted)}"
                    )

    def _arrays(self, name: str) -> Iterator[tuple[str, Any]]:
        parsed_name = ArrayName.parse(name)
        of_cells = parsed_name.quantity in AXES_OF_A_CELL and not parsed_name.cell.suffix
        names = [c.name(name) for c in self.case.config.cells] if of_cells else [name]
        for own in names:
            if own in self.session.answers:
                yield own, self.session.answers[own]


def shapes_of(config: Config) -> dict[str, Shape]:
    """Return every answer that a network may give, and its shape."""
    own = {name: shape for name, (_, shape) in layout(config).items()}
    n, t, c = config.batch, config.steps, config.classes
    states = (n, t, config.width)
    shapes: dict[str, Shape] = {
        "hidden": states,
        "logits": (n, t, c) if config.every_step else (n, c),
    }
    shapes |= {"every_logits": (n, t, c), "loss": (), "delta": (n, t, config.hidden)}
    shapes |= {f"hidden_l{layer}": states for layer in range(config.layers - 1)}
    for cell in config.cells:
        shapes[cell.name("final")] = own[cell.name("h_0")]
        for of in ("W_x", "W_h", "b", "h_0"):
            shapes[f"grad/{cell.name(of)}"] = shapes[f"step/{cell.name(of)}"] = own[cell.name(of)]
        for kind in ("grad", "step"):
            shapes[f"{kind}/{cell.name('b_hh')}"] = own[cell.name("b")]
    for of in ("W_out", "b_out", "x"):
        shapes[f"grad/{of}"] = shapes[f"step/{of}"] = own[of]
    return shapes


def _by_shape(config: Config, item: str, *, looped: bool) -> dict[str, Shape]:
    """Return the shapes by which the answers of a call are told apart; of one step, in a loop."""
    if item == "loss":
        return {"loss": ()}
    n, t = config.batch, config.steps
    if looped:
        return {"hidden": (n, config.hidden), "every_logits": (n, config.classes)}
    return {
        "hidden": (n, t, config.width),
        "logits": (n, config.classes),
        "every_logits": (n, t, config.classes),
    }


def _is_misread(name: str, shape: Shape, wanted: Shape, shapes: Mapping[str, Shape]) -> bool:
    """Return whether a shape shows a wrong binding, and not a wrong gradient of the network's."""
    parsed_name = ArrayName.parse(name)
    if not (parsed_name.is_gradient or parsed_name.is_step):
        return True
    of_another = shape in [s for n, s in shapes.items() if n.startswith("grad/")]
    return np.prod(shape) == np.prod(wanted) or of_another


def _axes(name: str, shape: Shape) -> str:
    """Return a shape with the names of its axes: `(batch, steps, hidden) = (2, 3, 5)`."""
    axes = {
        "hidden": "(batch, steps, hidden)",
        "logits": "(batch, classes)" if len(shape) == 2 else "(batch, steps, classes)",
        "every_logits": "(batch, steps, classes)",
        "loss": "",
        "final": "(batch, hidden)",
    }.get(name, "")
    return f"{axes} = {shape}" if axes else str(shape)


def _repair(text: str, array: Any, wanted: Shape) -> str:
    """Return what may have been meant, where one expression has the wanted shape."""
    if len(wanted) == 2 and array.shape == wanted[::-1] and wanted[0] != wanted[1]:
        return (
            f": did you mean `{text.removesuffix('.T') if text.endswith('.T') else text + '.T'}`?"
        )
    if len(wanted) == 1 and array.shape == (*wanted, 1):
        return f": did you mean `{text}[:, 0]`?"
    if len(wanted) == 1 and array.shape == (1, *wanted):
        return f": did you mean `{text}[0]`?"
    if len(wanted) == 3 and array.shape == (wanted[1], wanted[0], wanted[2]):
        return f": did you mean `{text}.swapaxes(0, 1)`?"
    return ""


# -- words -----------------------------------------------------------------------------------------


def _place(error: BaseException) -> str:
    """Return the line of somebody's file in which an error was raised: ` (my_rnn.py, line 12)`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith((_HARNESS, "<"))]
    user = [frame for frame in own if "site-packages" not in frame.filename]
    return f" ({Path(user[-1].filename).name}, line {user[-1].lineno})" if user else ""


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted({*known} - {name}), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _names_of(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [str(key) for key in value]
    with contextlib.suppress(Exception):
        return [name for name in dir(value) if not name.startswith("__")]
    return []


def _told(value: Any) -> str:
    array = borders.as_array(value)
    if array is not None:
        return str(array.shape)
    if isinstance(value, (list, tuple)):
        return f"({type(value).__name__} of {len(value)})"
    return "None" if value is None else f"({type(value).__name__})"


def _is_near(now: Any, value: Any) -> bool:
    """Return whether a sum of two biases, or a coarser format, holds a value."""
    is_number = now.dtype.kind in borders.KINDS
    return is_number and now.shape == value.shape and np.allclose(now, value, rtol=1e-2)


def _words_of_code(*owners: Any) -> set[str]:
    """Return every name and text in the code of an object's class and of a module's functions."""
    found: set[str] = set()
    for owner in owners:
        values = [*vars(owner).values()] if isinstance(owner, ModuleType) else []
        values += [v for cls in type(owner).__mro__[:-1] for v in vars(cls).values()]
        for value in values:
            found |= _words(getattr(getattr(value, "__func__", value), "__code__", None))
    return found


def _words(code: CodeType | None) -> set[str]:
    if not isinstance(code, CodeType):
        return set()
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    texts = {c for c in code.co_consts if isinstance(c, str)}
    return {*code.co_names, *texts}.union(*map(_words, inner))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what somebody's code prints, warns of or draws while it is checked to itself."""
    numpy_state = np.random.get_state()
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
        ):
            yield
    finally:
        np.random.set_state(numpy_state)
