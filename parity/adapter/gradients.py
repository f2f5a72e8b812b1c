"""Gradients: lines that ask for them after a forward pass, and the answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from parity.adapter.forwards import FROM_ZERO, Forward
from parity.adapter.ground import Ground
from parity.model.case import Case


@dataclass(frozen=True, kw_only=True)
class Backward:
    """Lines that ask for gradients, after those of a forward pass; and the answers."""

    lines: tuple[str, ...]
    roles: tuple[str, ...]
    gradients: dict[str, str] = field(default_factory=dict)  # by the harness's names
    shares: dict[str, float] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)  # weights, where the call changed them
    loss: str | None = None
    kind: str = "mean"  # of the loss: see expected.loss
    factor: str = "1"  # the subject's loss over ours, as an expression
    crash: str = ""
    named: bool = True  # every argument's name says what it is
    aligned: int = 0  # gradients, or steps, that have the right direction
    lacking: str = ""  # the parts of it that the search did not understand

    @property
    def known(self) -> set[str]:
        """The weights of which there is a gradient, or a step."""
        return {*self.gradients, *self.steps}

    @property
    def called(self) -> str:
        """The call that is asked for gradients; empty where the forward pass has answered them."""
        calls_ = [line.removeprefix("back = ") for line in self.lines if line.startswith("back = ")]
        return calls_[0] if calls_ else ""

    @property
    def score(self) -> float:
        """How much is recognised, and how much of that is right."""
        exact = sum(share == 1 for share in self.shares.values())
        offered = len(self.gradients) + 0.5 * len(self.steps) + (self.loss is not None)
        return 3 * exact + sum(self.shares.values()) + offered + self.aligned


CRASHES = (NameError, AttributeError, SystemExit)
"""Errors that no other arguments would mend: typos, globals expected, exits."""


def weights_judged(forward: Forward, found: Backward) -> list[str]:
    """Return the weights whose gradients a backward pass should give.

    A layer that is handed the gradient by its states knows nothing of a head.
    """
    parts = [part for _, form in forward.slots for part in form.parts]
    if "dh" in names_in("\n".join(found.lines)) or found.kind == "upstream":
        parts = [part for part in parts if part not in ("W_out", "b_out")]
    return parts


def case_of(ground: Ground, forward: Forward) -> Case:
    """Return the case that a forward pass can be asked about."""
    return ground.asked(forward.asks | (FROM_ZERO if forward.from_zero else {}))


def asked_of(ground: Ground, forward: Forward, found: Backward) -> Case:
    """Return the case for a call: a layer's where it takes the gradient by every state."""
    case = case_of(ground, forward)
    return ground.as_layer(case) if "upstream" in kinds(found, forward) else case


def prelude(forward: Forward, lines: Sequence[str]) -> list[str]:
    """Return the lines that make `dh` and `dl` where the lines use them."""
    text, found = "\n".join(lines), []
    seen = forward.seen
    if "dh" in names_in(text):
        hidden = (
            seen["hidden"].expression if "hidden" in seen else f"{seen['last'].expression}[:, None]"
        )
        found.append(f"dh = upstream(case, {hidden})  # by every state, (batch, steps, hidden)")
    if "dl" in names_in(text):
        scores = seen["logits"]
        if scores.right.endswith("probabilities"):
            p = f"np.exp({scores.expression})" if "log" in scores.right else scores.expression
            found.append(f"dl = ({p} - one_hot(case.labels, case)) / config.batch")
        else:
            found.append(f"dl = d_logits(case, {scores.expression})")
    return found


def names_in(text: str) -> set[str]:
    """Return the names and numbers in a piece of code."""
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


def kinds(found: Backward, forward: Forward) -> tuple[str, ...]:
    """Return the losses, as `expected.loss` has them, whose gradients a call may answer."""
    text = "\n".join(found.lines) + "\n".join(forward.lines)
    if "case.upstream" in text:
        return ("upstream",)
    if "dh[:, -1]" in text or "dl" in names_in(text):
        return ("mean",)
    if "dh" in names_in(text):
        return ("upstream",)
    if "step_labels" in text:
        return ("steps", "squared-steps")
    return ("mean", "squared")
