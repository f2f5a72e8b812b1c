"""Check: every item of a binding on its own, on a small case whose sizes all differ.

A mistake is one line that names the item. The network's own wrong numbers are none.
"""

import contextlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from parity.adapter.binding import BindError, Binding, Call, Certainty, Remark
from parity.adapter.checking import implied
from parity.adapter.checking.answers import by_shape, refuse_misread
from parity.adapter.checking.by_shape import answers_in, parts_of
from parity.adapter.checking.places import Place
from parity.adapter.checking.wording import did_you_mean, names_of, place_of, told
from parity.adapter.running.interpreter import made
from parity.adapter.running.pieces import AnswerError, CallError, Piece
from parity.adapter.running.scope import SIZES
from parity.adapter.running.session import Session
from parity.cases.draw import draw
from parity.model.case import Case
from parity.model.config import Config
from parity.model.errors import ConfigError, SubjectError
from parity.model.names import ArrayName
from parity.subjects.silence import silenced

PROBING = {"batch": 2, "steps": 3, "features": 4, "hidden": 5, "classes": 7}
LAYERED = PROBING | {"batch": 6, "features": 8}
"""The sizes of the probing case, all different; also from the number of layers and directions."""


def probing(binding: Binding) -> Case:
    """Return the case on which a binding is checked. Raises BindError for wrong options."""
    knows = binding.knows
    several = {"layers": 2} if "layers" in knows else {}
    several |= {"bidirectional": True} if "bidirectional" in knows else {}
    layered = several or {"layers", "bidirectional"} & binding.config.keys()
    try:
        sizes = Config().replace(**(LAYERED if layered else PROBING), **several)
        return draw(sizes.replace(**binding.config))
    except ConfigError as error:
        raise BindError(str(error)) from error


def checked(binding: Binding, module: Any) -> Binding:
    """Return the binding with what follows from one run of it: answers that nobody has named.

    Raises BindError for the first item that is wrong.
    """
    full = implied.with_options(binding)
    with quiet():
        check = _Check(full, module, probing(full))
        more = check.run()
    if more is not None:
        return checked(implied.extended(binding, more), module)
    _refuse_unplaced(full)
    return implied.with_activation(full, check.session)


def _refuse_unplaced(binding: Binding) -> None:
    """Refuse a weight that the network is never given."""
    names, answered = implied.given(binding), implied.answered(binding)
    head = answered & {"logits", "every_logits", "loss"} or "W_out" in names | answered
    wanted = ["W_x", "W_h", *["b"] * ("b" in answered), *["W_out"] * bool(head)]
    for name in wanted:
        if name not in names:
            raise BindError(f'`{name}` has no place, and no call takes it: add {name}="..."')


class _Check:
    """One run of a binding on the probing case, each item checked when it is done."""

    def __init__(self, binding: Binding, module: Any, case: Case) -> None:
        self.binding, self.module, self.case = binding, module, case
        model = made(binding, module, case, self._within) if binding.make else None
        self.session = Session(binding, module, case, model)

    def run(self) -> implied.More | None:
        """Do every piece; return what follows from one, if something that is not known yet does."""
        for piece in self.session.pieces():
            is_place = ArrayName.parse(piece.item).quantity in self.binding.parameters
            if (more := self._set(piece) if is_place else self._done(piece)) is not None:
                return more
        return None

    def _set(self, piece: Piece) -> implied.More | None:
        """Write to a place; return the dtype float32 where it holds nothing finer."""
        place = Place(piece.item, piece.text, self.session)
        place.refuse()
        self._do(piece)
        if piece.item in SIZES:
            return None
        coarse = place.refuse_lost().dtype.itemsize < place.value.dtype.itemsize
        if not coarse or "dtype" in self.binding.config:
            return None
        remark = Remark(certainty=Certainty.CERTAIN, text="its weights are held in float32")
        return {"config": {"dtype": "float32"}, "remarks": {"dtype": remark}}

    def _done(self, piece: Piece) -> implied.More | None:
        """Do another piece; return the answers of a call where they are told by shapes."""
        self._do(piece)
        if piece.item not in self.binding.calls:
            return None
        call = self.binding.calls[piece.item]
        more = self._named(piece.item, call)
        if more is None:
            refuse_misread(piece.item, call, self.session)
        return more

    def _do(self, piece: Piece) -> None:
        with self._within(piece.item, piece.text):
            piece.do()

    # -- errors ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _within(self, item: str, text: str) -> Iterator[None]:
        try:
            yield
        except BindError:
            raise
        except CallError as error:
            raised = error.__cause__
            said = f"raised {type(raised).__name__}: {raised}"
            raise BindError(f"`{item}`: {text} {said}{self._hint(raised)}") from error
        except SubjectError as error:
            cause = error.__cause__ if isinstance(error, AnswerError) else None
            raise BindError(f"`{item}`: {error}{self._hint(cause)}") from error
        except (Exception, SystemExit) as error:
            said = f"raised {type(error).__name__}" + (f": {error}" if str(error) else "")
            place = place_of(error)
            what = "" if place and item != "make" else f": {text}"
            raise BindError(f"`{item}`{what} {said}{place}{self._hint(error)}") from error

    def _hint(self, error: BaseException | None) -> str:
        """Return the names that are like the one that is not known."""
        if not isinstance(error, (NameError, AttributeError, KeyError)):
            return ""
        found = re.search(r"name '(\w+)'|attribute '(\w+)'|^'(\w+)'", str(error))
        if found is None or place_of(error):
            return ""
        name = next(filter(None, found.groups()))
        return did_you_mean(name, self._known())

    def _known(self) -> list[str]:
        session = getattr(self, "session", None)
        own = [] if session is None else [*names_of(session.model), *session.values]
        return [*own, *names_of(self.module), *self.case.arrays]

    # -- answers -----------------------------------------------------------------------------------

    def _named(self, item: str, call: Call) -> implied.More | None:
        """Return a call without answers as one whose answers are named by their shapes."""
        if call.answers or item not in ("forward", "loss"):
            return None
        every = self._returned(call)
        wanted = by_shape(self.case.config, item, looped=bool(call.loop))
        answers = answers_in(every, wanted, self.case.config)
        if not answers:
            if item == "loss" or set(call.targets):
                return None  # kept for a later call
            shapes = ", ".join(f"{text} {told(value)}" for text, value in every.items())
            raise BindError(
                f"`{item}`: no answer is named, and none has the shape of one: {shapes}; write "
                f"where it is, as in `{call} -> hidden: out`"
            )
        remark = Remark(certainty=Certainty.LIKELY, text="its answers are told by their shapes")
        return {"calls": {item: replace(call, answers=answers)}, "remarks": {item: remark}}

    def _returned(self, call: Call) -> dict[str, Any]:
        if call.targets:
            return {name: self.session.values[name] for name in call.targets if name.isidentifier()}
        return parts_of(self.session.values["out"])


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what somebody's code prints, warns of or draws while it is checked to itself."""
    numpy_state = np.random.get_state()
    try:
        with (
            silenced(),
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
        ):
            yield
    finally:
        np.random.set_state(numpy_state)
