"""Reasons: why the search has found no way to ask, in one line, and what a person has to write."""

import traceback
from collections import Counter

from parity.adapter.binding import Binding, Certainty, Remark
from parity.adapter.expressions import PLACE
from parity.adapter.search.trials import Target


def refusal(target: Target) -> tuple[Binding, str]:
    """Return a binding with blanks, and the reason why they were not filled in.

    What most attempts raised is told once, with its line.
    """
    return _open(target), _reason(target)


def _reason(target: Target) -> str:
    named = target.name or "its functions"
    if target.ran:
        call, shapes = max(target.ran.items(), key=lambda one: len(one[1]))
        told = ", ".join(map(str, shapes[:3])) or "nothing"
        return f"`{call}` runs and answers {told}: no states (batch, steps, hidden) of (3, 4, 8)"
    if not target.errors:
        return f"there is no function to call as a forward pass of {named}"
    common = Counter(_said(error) for error in target.errors.values())
    said, count = common.most_common(1)[0]
    tried = next(text for text, error in target.errors.items() if _said(error) == said)
    if target.name and all(text.startswith(f"{target.name}(") for text in target.errors):
        return f"{named} could not be made: `{tried}` raised {said}"
    most = "every call" if count == len(target.errors) else f"{count} of {len(target.errors)} calls"
    return f"no call answers an RNN's states: {most}, such as `{tried}`, raised {said}"


def _said(error: BaseException) -> str:
    """Return an error in one line, with the line of the author's file where it was raised."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/parity/" not in f.filename]
    text = " ".join(str(error).split())[:160]
    where = f" (line {frames[-1].lineno})" if frames and frames[-1].filename != PLACE else ""
    return f"{type(error).__name__}: {text}{where}"


def _open(target: Target) -> Binding:
    wanted = {
        "W_x": "where W_x (features, hidden) is held: `Wxh.T`",
        "W_h": "where W_h (hidden, hidden) is held",
        "b": "where the bias (hidden,) is held; leave it out where there is none",
        "forward": "the call, and where the states are: `forward(x) -> hidden: out`",
    }
    if target.cls is not None:
        wanted = {"make": "how an object is made: `RNN(features, hidden)`", **wanted}
    remarks = {name: Remark(certainty=Certainty.OPEN, text=text) for name, text in wanted.items()}
    return Binding(remarks=remarks)
