"""Draft: the results of the search for one class or module in one manner of asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.adapter import names
from parity.adapter.forwards import Forward
from parity.adapter.gradients import Backward, weights_judged
from parity.adapter.ground import Ground
from parity.adapter.names import is_like

ORDER = ("W_out", "b_out", "W_x", "W_h", "b", "x", "h_0")

ENTRIES = (*names.FORWARD, *names.LOSS, *names.BACKWARD, *names.TRAIN)


def is_known(call: str, words: names.Words) -> bool:
    """Return whether a call's own name matches one of the names; an empty call does not."""
    name = call.partition("(")[0].rpartition(".")[2]
    return not call or is_like(name, words)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The results of the search for one class or module in one manner of asking."""

    ground: Ground
    name: str  # of the class or function; empty for the module's functions
    forward: Forward
    backward: Backward | None
    problems: tuple[str, ...]
    asks: Mapping[str, Any] = field(default_factory=dict)
    cast: bool = False
    fresh: bool = False  # a new object for every case
    trusted: bool = True  # until the uncertain parts are left out
    others: tuple[str, ...] = ()  # classes of the same file that are not judged
    by_steps: bool = False

    @property
    def complete(self) -> bool:
        """Whether there are gradients, or steps that they can be recovered from."""
        found = self.backward
        return found is not None and bool(found.crash or "W_h" in found.gradients or found.steps)

    @property
    def lacking(self) -> str:
        """The parts of it that the search did not understand; empty where there are none."""
        found = self.backward
        if not self.complete:
            unasked = bool(self.problems) or not self.trusted
            return "no way to ask for its gradients was found: they are not checked" * unasked
        if found is None or found.crash:
            return ""
        missing = [part for part in weights_judged(self.forward, found) if part not in found.known]
        if missing:
            return f"no gradient of {', '.join(missing)} was found among its answers"
        if found.factor != "1" and found.loss is None:
            return f"its gradients are ours times {found.factor}, and no loss says so"
        return found.lacking

    @property
    def is_plausible(self) -> bool:
        """Whether some of the answer is right: rows are rows, and the first step is the first."""
        return any(seen.share > 0 for seen in self.forward.seen.values())

    @property
    def is_trusted(self) -> bool:
        """Whether it is certain that the right things were asked: some numbers, or all names."""
        found = self.backward
        if found is None:
            return False
        known = is_known(self.forward.call.text, ENTRIES) and is_known(found.called, ENTRIES)
        named = self.forward.call.named and found.named and known
        sure = self.is_plausible and (found.aligned > 0 or bool(found.crash))
        return sure or named

    @property
    def standing(self) -> tuple[bool, bool, bool, bool]:
        """Whether it is plausible, trusted, complete, exact: a better manner compares greater."""
        return self.is_plausible, self.is_trusted, self.complete, self.forward.exact

    @property
    def rank(self) -> float:
        """How much a draft can answer, and how much of that is right."""
        return self.forward.score + (self.backward.score if self.backward is not None else 0)
