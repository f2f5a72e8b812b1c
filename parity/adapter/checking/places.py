"""Places: whether a place of a binding exists, fits its array, and holds what is written to it."""

import contextlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from parity.adapter import borders
from parity.adapter.binding import BindError
from parity.adapter.checking.wording import did_you_mean, names_of, repair, words_of_code
from parity.adapter.expressions import evaluate, names_in, summands
from parity.adapter.running.scope import SIZES
from parity.adapter.running.session import CELL_NAMES, Session
from parity.model.case import Array
from parity.model.names import ArrayName


class Place:
    """The place of one array of the case, or of a size, in one session."""

    def __init__(self, name: str, text: str, session: Session) -> None:
        self.name, self.text, self.session = name, text, session
        self.scope = session.scope_of(ArrayName.parse(name).cell)
        if name in SIZES:
            self.value: Array = np.asarray(getattr(session.case.config, name))
        else:
            self.value = session.given(name, text, self.scope)

    def refuse(self) -> None:
        """Refuse a place that is not there, or whose array has another shape."""
        both = summands(self.text)
        for part in (self.text,) if both is None else both:
            self._refuse_part(part)

    def refuse_lost(self) -> Array:
        """Refuse a place in which the array is not found again; return what is there."""
        try:
            now = borders.answer(evaluate(self.text, self.scope))
        except Exception as error:
            said = f"raised {type(error).__name__}: {error}"
            raise BindError(f"`{self.name}`: `{self.text}` was set, and then {said}") from error
        if not (borders.holds(now, self.value) or _is_near(now, self.value)):
            raise BindError(
                f"`{self.name}`: `{self.text}` does not hold the array that was written to it"
            )
        found: Array = now
        return found

    def _refuse_part(self, part: str) -> None:
        wanted = self.value.shape
        try:
            there = evaluate(part, self.scope)
        except Exception as error:  # noqa: BLE001 - whatever somebody's object raises
            self._refuse_missing(part, error)
            return
        array = borders.as_array(there)
        if array is None or array.shape == wanted or not self._is_own(part):
            return
        if ArrayName.parse(self.name).quantity == "h_0" and array.shape != wanted[::-1]:
            return  # one state for all sequences: it is replaced by one for each
        said = f"`{part}` has shape {array.shape}, {self.name} has {wanted}"
        raise BindError(f"{said}{repair(part, array.shape, wanted)}")

    def _refuse_missing(self, part: str, error: Exception) -> None:
        """Refuse a name that neither exists nor is used by somebody's code: a slip of the pen."""
        session, root = self.session, min(names_in(part) - CELL_NAMES, default="")
        if root in session.binding.values:
            return  # a dictionary of the binding's own: it is about to be filled
        if isinstance(error, NameError):
            wanted, own = root, [*names_of(session.model), *names_of(session.module)]
        elif isinstance(error, AttributeError):
            found = re.search(r"attribute '(\w+)'", str(error))
            wanted, own = found[1] if found else "", names_of(getattr(error, "obj", None))
        elif isinstance(error, KeyError):
            wanted, own = str(error.args[0]) if error.args else "", self._keys(part)
        else:
            return  # None, or an empty list: it is about to be set
        if wanted and own and wanted not in words_of_code(session.model, session.module):
            said = f"`{self.name}`: there is no {wanted!r} in `{part}`"
            raise BindError(f"{said}{did_you_mean(wanted, own)}")

    def _keys(self, part: str) -> list[str]:
        """Return the keys of the dictionary in which a place is."""
        owner = re.sub(r"\[[^\[\]]*\](\.T)?$", "", part)
        with contextlib.suppress(Exception):
            held = evaluate(owner, self.scope)
            return [str(key) for key in held] if isinstance(held, Mapping) else []
        return []

    def _is_own(self, part: str) -> bool:
        """Return whether a place is in an object that was made with the case's sizes."""
        model = self.session.model
        return model is not None and bool(names_in(part) & {"self", "model", *names_of(model)})


def _is_near(now: Any, value: Array) -> bool:
    """Return whether a coarser format holds a value, or the sum of two biases in it."""
    is_number = now.dtype.kind in borders.KINDS
    return is_number and now.shape == value.shape and np.allclose(now, value, rtol=1e-2)
